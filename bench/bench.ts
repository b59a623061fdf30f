/** `npm run bench`: all of it in a short form, or one part by its name. */
import { readFlags } from './flags.js';
import { measureFreshness } from './freshness.js';
import { measureGrowth } from './growth.js';
import { guard } from './guard.js';
import { saveResults, type Measured } from './results.js';
import { measureStartup } from './startup.js';
import { measureThroughput } from './throughput.js';

const { part, events, rounds, seconds, full, record } = readFlags();
const isShort = part === 'all';

const parts: Readonly<Record<string, () => Promise<Measured>>> = {
  throughput: () => measureThroughput({ events: isShort ? events / 2 : events, rounds }),
  growth: () => measureGrowth({ maxEvents: full ? 10_000_000 : isShort ? 100_000 : 1_000_000 }),
  freshness: () => measureFreshness(seconds),
  startup: () => measureStartup({ rounds: isShort ? 3 : 11 }),
};

if (part === 'guard') {
  process.exitCode = (await guard({ record })) ? 0 : 1;
} else {
  for (const name of isShort ? Object.keys(parts) : [part]) {
    const measure = parts[name];
    if (measure === undefined) throw new Error(`there is no part '${name}': ${Object.keys(parts).join(', ')}, guard`);
    saveResults(name, await measure());
  }
}
