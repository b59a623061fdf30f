import type { DiscoveredService, DiscoverPace, Discovery } from '../jumpcloud/discover.js';
import { escapeControls } from '../sdk/observability/escape-controls.js';
import type { OutputStream } from '../sdk/observability/terminal.js';
import type { Environment } from '../sdk/ports.js';
import { roughly } from './backfill-printer.js';
import { alignColumns, paintFor, plural, printLine, type Paint } from './output.js';

const COLOURS: Readonly<Record<DiscoveredService['state'], Parameters<Paint>[0]>> = {
  active: 'green',
  silent: 'yellow',
  empty: 'dim',
};
const NUMBER_WIDTH = 12;

/** Bytes of JSON a day, by the sample; undefined where nothing could be weighed. */
export function bytesPerDay({ bytesPerEvent, eventsPerDay }: DiscoveredService): number | undefined {
  return bytesPerEvent === undefined ? undefined : bytesPerEvent * eventsPerDay;
}

/** What was found, as a table and some sentences. */
export function printDiscovery(
  stream: OutputStream,
  environment: Environment,
  { days, services, eventsKept, backfillMs, remarks }: Discovery,
  { requestsPerSecond, eventsPerRequest }: DiscoverPace,
): void {
  const paint = paintFor(stream, environment);
  const titles = ['events', 'a day', 'peak day', 'last day', 'bytes a day'];
  const rows = services.map((service) => [
    escapeControls(service.name),
    ...[service.events, service.eventsPerDay, service.eventsPeakDay, service.eventsLastDay].map(number),
    size(bytesPerDay(service)),
    service.state,
  ]);
  const cells = [['service', ...titles, 'state'], ...rows].map((row) =>
    row.map((cell, at) => (at === 0 || at === row.length - 1 ? cell : cell.padStart(NUMBER_WIDTH))),
  );
  const [head = '', ...lines] = alignColumns(cells);
  printLine(stream, paint('bold', `Services in the last ${plural(days, 'day')}`));
  printLine(stream);
  printLine(stream, paint('bold', head));
  lines.forEach((line, at) => {
    const state = services[at]?.state ?? 'empty';
    printLine(stream, line.slice(0, line.length - state.length) + paint(COLOURS[state], state));
  });
  printLine(stream);
  const silent = services.filter(({ state }) => state === 'silent').map(({ name }) => name);
  if (silent.length > 0) {
    printLine(stream, `${paint('yellow', 'Silent')}: no event in the last day, some before: ${silent.join(', ')}.`);
  }
  for (const remark of remarks) printLine(stream, `${paint('cyan', 'Note')}: ${escapeControls(remark)}.`);
  const events = services.reduce((sum, { eventsPerDay }) => sum + eventsPerDay, 0);
  const bytes = services.reduce((sum, service) => sum + (bytesPerDay(service) ?? 0), 0);
  if (events === 0) printLine(stream, `No events in the last ${plural(days, 'day')}.`);
  else printLine(stream, `Collecting all of it: about ${number(events)} events and ${size(bytes)} a day.`);
  printLine(
    stream,
    `A backfill of the 90 days that JumpCloud keeps: ${plural(eventsKept, 'event')}, at least ${roughly(backfillMs)} at ` +
      `${requestsPerSecond} requests a second with ${eventsPerRequest} events each.`,
  );
}

function number(value: number): string {
  return value > 0 && value < 1 ? '<1' : Math.round(value).toLocaleString('en-US');
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  if (bytes < 1000) return `${Math.ceil(bytes)} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}
