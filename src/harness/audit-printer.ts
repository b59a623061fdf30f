import type { OutputStream } from '../sdk/observability/terminal.js';
import type { Environment } from '../sdk/ports.js';
import type { AuditRow, AuditVerdict } from '../sdk/reconciliation/audit.js';
import { LATENESS_STEPS_MS, type LatenessHistogram } from '../sdk/reconciliation/lateness.js';
import { formatDuration } from '../sdk/time/duration.js';
import { formatTimestamp } from '../sdk/time/timestamp.js';
import { alignColumns, paintFor, plural, printLine, type Paint } from './output.js';

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

/** Writes an audit as a table while it is made: nothing before the source has answered a first time, or at the end. */
export interface AuditPrinter {
  print(row: AuditRow): void;
  end(
    rows: readonly AuditRow[],
    more: {
      readonly lateness: Readonly<Record<string, LatenessHistogram>>;
      readonly advice: readonly string[];
      /** Up to where the tail was read, epoch milliseconds. */
      readonly readToMs: number | undefined;
      /** How many events were fetched and delivered; undefined where none were to be. */
      readonly fetched: number | undefined;
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
  const titles = ['API', 'delivered', 'dead letter', 'missing'];
  let held: string[] | undefined = [paint('bold', line('from (UTC)', titles, 'proof'))];
  const release = (): void => {
    for (const text of held ?? []) printLine(stream, text);
    held = undefined;
  };
  return {
    print({ fromMs, source, delivered, deadLettered, missing, verdict }) {
      const numbers = [source ?? '-', delivered, deadLettered, missing];
      const text = line(timeOf(fromMs), numbers, paint(COLOURS[verdict], verdict));
      if (source !== undefined) release();
      if (held === undefined) printLine(stream, text);
      else held.push(text);
    },
    end(rows, { lateness, advice, readToMs, fetched }) {
      release();
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
      if (fetched !== undefined) printLine(stream, `${plural(fetched, 'event')} fetched and delivered.`);
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
