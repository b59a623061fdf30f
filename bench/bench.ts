/** `npm run bench`: all of it in a short form, or one part by its name. */
import { readFlags } from './flags.js';
import { saveResults, type Measured } from './results.js';
import { measureThroughput } from './throughput.js';

const { part, events, rounds } = readFlags();

const parts: Readonly<Record<string, () => Promise<Measured>>> = {
  throughput: () => measureThroughput({ events, rounds }),
};
const wanted = part === 'all' ? Object.keys(parts) : [part];
for (const name of wanted) {
  const measure = parts[name];
  if (measure === undefined) throw new Error(`there is no part '${name}': ${Object.keys(parts).join(', ')}`);
  saveResults(name, await measure());
}
