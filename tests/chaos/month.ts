/**
 * Proves that the API connector and the Storage Connector, side by side on one intake, deliver a month that the API and a bucket
 * of exported objects both hold so that every event comes once: started in either order, the one that was first stopped in the
 * middle and started anew. All of it on this machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Argument } from 'commander';

import { script, whole } from './flags.js';
import { type MonthOptions, runMonth } from './month/run-month.js';

const EXAMPLES = `
Example:
  npm run prove:month -- 30000

Leaves with 0 where every event came once, 1 where one did not, 2 where a flag is wrong.`;

const { processedArgs } = script('prove:month', 'API connector and Storage Connector side by side over one month')
  .addArgument(new Argument('[events]', 'how many').argParser(whole).default(300_000))
  .addHelpText('after', EXAMPLES)
  .parse();
const [events] = processedArgs as [number];
const directories: string[] = [];
let failures = 0;

try {
  await prove({ first: 'api', bounds: 'included' });
  await prove({ first: 'storage', bounds: 'excluded' });
} finally {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
process.exit(failures > 0 ? 1 : 0);

async function prove(order: Pick<MonthOptions, 'first' | 'bounds'>): Promise<void> {
  const startedAt = performance.now();
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);
  const { wrong, ...account } = await runMonth({
    ...{ ...order, events, exportEveryMs: 6 * 3_600_000, chunkSize: 1000, liveEventsPerSecond: 20, latencyMs: 2 },
    newDirectory() {
      const directory = mkdtempSync(join(tmpdir(), 'sekoia-month-'));
      directories.push(directory);
      return directory;
    },
    tell: (line) => console.log(`${seconds().padStart(7)} s  ${line}`),
  });
  const isRight = account.right === account.held && account.duplicated === 0 && account.altered === 0;
  failures += isRight ? 0 : 1;
  const figures = Object.entries(account).map(([name, number]) => `${name} ${number}`);
  console.log(
    `${isRight ? 'ok  ' : 'FAIL'} the ${order.first} connector first, bounds ${order.bounds}: ${figures.join(', ')}`,
  );
  for (const line of wrong) console.log(`     ${line.slice(0, 300)}`);
}
