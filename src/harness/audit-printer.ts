import type { OutputStream } from '../sdk/observability/terminal.js';
import type { Environment } from '../sdk/ports.js';
import type { AuditRow, AuditVerdict } from '../sdk/reconciliation/audit.js';
import { LATENESS_STEPS_MS, type LatenessHistogram } from '../sdk/reconciliation/lateness.js';
import { formatDuration } from '../sdk/time/duration.js';
import { formatTimestamp } from '../sdk/time/timestamp.js';
import { alignColumns, paintFor, printLine, type Paint } from './output.js';

const COLOURS: Readonly<Record<AuditVerdict, Parameters<Paint>[0]>> = {
  proven: 'green',
  settling: 'cyan',
  owed: 'yellow',
  missing: 'red',
  unknown: 'dim',
};
const MEANINGS: Readonly<Record<AuditVerdict, string>> = {
  proven: 'the counts agree, and the settling horizon is over',
  settling: 'the counts agree so far; late events may still come, and will be fetched',
  owed: 'not read to its end: the connector does that when it runs',
  missing: 'the source holds more than was delivered: a running connector fetches it, or --repair does',
  unknown: 'nothing to compare: not collected here, or not counted',
};
const NUMBER_WIDTH = 11;

/** Writes an audit as a table while it is made. */
export interface AuditPrinter {
  begin(): void;
  print(row: AuditRow): void;
  end(
    rows: readonly AuditRow[],
    more: {
      readonly lateness: Readonly<Record<string, LatenessHistogram>>;
      readonly advice: readonly string[];
      /** Up to where the tail was read, epoch milliseconds. */
      readonly readToMs: number | undefined;
    },
  ): void;
}

/** @param stepMs length of a line's range: days are told by their date */
export function createAuditPrinter(stream: OutputStream, environment: Environment, stepMs: number): AuditPrinter {
  const paint = paintFor(stream, environment);
  const timeOf = (ms: number): string => {
    const text = formatTimestamp(Math.floor(ms / 60_000) * 60_000);
    return stepMs >= 86_400_000 ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
  };
  const width = timeOf(0).length;
  const line = (time: string, numbers: readonly (string | number)[], verdict: string): string =>
    [time.padEnd(width), ...numbers.map((number) => String(number).padStart(NUMBER_WIDTH)), ` ${verdict}`]
      .join(' ')
      .trimEnd();
  return {
    begin() {
      printLine(stream, paint('bold', line('from (UTC)', ['API', 'delivered', 'dead letter', 'missing'], 'proof')));
    },
    print(row) {
      const { source, delivered, deadLettered, missing, verdict } = row;
      printLine(
        stream,
        line(timeOf(row.fromMs), [source ?? '-', delivered, deadLettered, missing], paint(COLOURS[verdict], verdict)),
      );
    },
    end(rows, { lateness, advice, readToMs }) {
      const total = (of: (row: AuditRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
      const numbers = [
        total(({ source = 0 }) => source),
        total(({ delivered }) => delivered),
        total(({ deadLettered }) => deadLettered),
        total(({ missing }) => missing),
      ];
      printLine(stream, paint('bold', line('all', numbers, '')));
      printLine(stream);
      for (const verdict of Object.keys(MEANINGS) as AuditVerdict[]) {
        const lines = rows.filter((row) => row.verdict === verdict).length;
        if (lines > 0) printLine(stream, `${paint(COLOURS[verdict], verdict)} (${lines}): ${MEANINGS[verdict]}`);
      }
      if (readToMs !== undefined) printLine(stream, `Read up to ${formatTimestamp(readToMs)}.`);
      printLateness(stream, paint, lateness);
      for (const sentence of advice) printLine(stream, `${paint('yellow', 'Advice')}: ${sentence}.`);
    },
  };
}

function printLateness(
  stream: OutputStream,
  paint: Paint,
  lateness: Readonly<Record<string, LatenessHistogram>>,
): void {
  const services = Object.entries(lateness);
  if (services.length === 0) return;
  printLine(stream);
  printLine(stream, paint('bold', 'How late events became visible, in numbers of events:'));
  const steps = LATENESS_STEPS_MS.map((ms) => `≤${formatDuration(ms)}`);
  const rows = services.map(([service, histogram]) => [
    service,
    ...histogram.map((count) => (count === 0 ? '·' : String(count))),
  ]);
  for (const row of alignColumns([['service', ...steps, 'later'], ...rows])) printLine(stream, `  ${row}`);
}
