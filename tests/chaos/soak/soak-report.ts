import { table } from '../table.js';
import type { Trend } from './growth.js';
import { type Metric, soakFindings, type SoakOutcome } from './run-soak.js';

const MEGABYTE = 1024 * 1024;
const NAMES: Readonly<Record<Metric, string>> = {
  rss: 'resident memory, MB',
  privateDirty: 'memory of its own, MB',
  heapAfterCollection: 'heap after a full collection, MB',
  descriptors: 'open descriptors',
  threads: 'threads',
  dataPath: 'data path, MB',
  files: 'files in it',
};
const IN_MEGABYTES: ReadonlySet<string> = new Set<Metric>(['rss', 'privateDirty', 'heapAfterCollection', 'dataPath']);
const COLUMNS = ['min', 'median', 'max', 'secondQuarter', 'lastQuarter', 'slopePerHour'] as const;
const HEADINGS = ['min', 'median', 'max', '2nd quarter', 'last quarter', 'slope/h'];

/** A soak for a person. */
export function soakReport(outcome: SoakOutcome): string {
  const { account, trends, healthyAfterMs } = outcome;
  const found = soakFindings(outcome);
  const rows = Object.entries(trends).map(([metric, trend]) => trendRow(metric as Metric, trend));
  return [
    `\n${' '.repeat(33)}${HEADINGS.map((heading) => heading.padStart(13)).join('')}`,
    ...rows,
    '',
    table([
      ['held by the API', account.held],
      ['delivered', account.delivered],
      ['in the dead letter only', account.deadLettered],
      ['lost', account.lost],
      ['unknown', account.unknown],
      ['duplicated', account.duplicated],
      ['requests to the API', account.apiRequests],
      ['requests to the intake', account.intakeRequests],
      ['caught up after', healthyAfterMs === undefined ? 'never' : `${(healthyAfterMs / 1000).toFixed(1)} s`],
    ]),
    found.length === 0 ? '\nFlat, and all is well.\n' : `\nFOUND:\n${found.map((text) => `  ${text}\n`).join('')}`,
  ].join('\n');
}

function trendRow(metric: Metric, trend: Trend): string {
  const divisor = IN_MEGABYTES.has(metric) ? MEGABYTE : 1;
  const digits = divisor === 1 ? 0 : 1;
  return (
    NAMES[metric].padEnd(33) + COLUMNS.map((column) => (trend[column] / divisor).toFixed(digits).padStart(13)).join('')
  );
}
