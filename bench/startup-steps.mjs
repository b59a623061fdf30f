// The start as dist/main.js makes it, one step after the other in one process. Prints what each step took beyond the ones
// before it, as JSON. Run from the package's directory, after a build; what it imports is only there then.
import { pathToFileURL } from 'node:url';

const rows = [];
const spentMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let before = { timeMs: 0, cpuMs: 0 };
function step(label) {
  const now = { timeMs: performance.now(), cpuMs: spentMs() };
  if (label !== undefined) rows.push({ label, timeMs: now.timeMs - before.timeMs, cpuMs: now.cpuMs - before.cpuMs });
  before = now;
}
const built = (path) => import(pathToFileURL(`dist/${path}`).href);

step('Node.js itself');

const { createUndiciTransport } = await built('sdk/http/undici-transport.js');
step('undici, the parts used');

const { createLog } = await built('sdk/observability/log.js');
createLog({ level: 'info', human: false, stream: process.stderr });
step('winston');

await import('fs-native-extensions');
step('fs-native-extensions');

const { triggers } = await built('modules.js');
const { loadTrigger } = await built('sdk/registration.js');
const { systemFileSystem } = await built('sdk/system.js');
await built('sdk/platform-command.js');
step('our modules');

const section = (values) => ({ layers: [{ values, originOf: () => 'bench' }] });
const sources = {
  module: section({ apikey: 'bench' }),
  arguments: section({ intake_key: 'bench', intake_server: 'https://127.0.0.1' }),
};
await loadTrigger(triggers[0], sources, Date.now());
step('validation of the settings');

const { mkdtempSync, rmSync } = await import('node:fs');
const { tmpdir } = await import('node:os');
const { directoryLocation } = await built('sdk/storage/directory-location.js');
const { DeliveryState } = await built('sdk/checkpoint/delivery-state.js');
const directory = mkdtempSync(`${tmpdir()}/bench-`);
step();
const { storage, release } = await directoryLocation(directory, systemFileSystem).open();
const startFromMs = () => Promise.resolve(Date.now());
const state = await DeliveryState.open({ storage, startFromMs, keepMs: 86_400_000, stream: 'bench' });
await state.commit({ entries: [], settled: undefined });
step('state: lock, read, commit');

await release();
rmSync(directory, { recursive: true });
const { createServer } = await import('node:http');
const server = createServer((_, response) => response.end('[]'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
step();
const transport = createUndiciTransport();
await transport.request({ method: 'GET', url, headers: {}, headersTimeoutMs: 5000, bodyTimeoutMs: 5000 });
step('first request, and its answer');

process.stdout.write(JSON.stringify(rows), () => process.exit());
