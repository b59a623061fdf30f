import { alignColumns } from './output.js';
import type { SimulatedAccount } from './started-simulators.js';

/** The account as lines of a table. */
export function accountLines(account: SimulatedAccount): string[] {
  const rows = [
    ['held by the API', account.held],
    ['delivered', account.delivered],
    ['not delivered', account.lost],
    ['duplicated', account.duplicated],
    ['altered or foreign', account.unknown],
  ] as const;
  const width = Math.max(...rows.map(([, count]) => String(count).length));
  return alignColumns(rows.map(([name, count]) => [name, String(count).padStart(width)]));
}
