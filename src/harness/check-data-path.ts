import { ModuleError } from '../sdk/errors.js';
import type { FileSystem } from '../sdk/ports.js';
import { lockDataPath } from '../sdk/storage/data-path-lock.js';
import { createLocalDirectory } from '../sdk/storage/local-directory.js';
import type { CheckResult } from '../sdk/trigger.js';

const PROBE = 'check-probe';

/** Whether the state can be written, and whether a run would have it to itself. The directory is made where missing. */
export async function* checkDataPath(dataPath: string, fileSystem: FileSystem): AsyncGenerator<CheckResult> {
  yield await finding('State directory', async () => {
    const storage = createLocalDirectory(dataPath, fileSystem);
    await storage.write(PROBE, new TextEncoder().encode('written by sekoia-module check\n'));
    await storage.remove(PROBE);
    return `${dataPath} can be written`;
  });
  yield await finding('State lock', async () => {
    await (await lockDataPath(dataPath, fileSystem)).release();
    return 'no other process works on it';
  });
}

async function finding(name: string, examine: () => Promise<string>): Promise<CheckResult> {
  try {
    return { name, state: 'passed', detail: await examine() };
  } catch (thrown) {
    if (!(thrown instanceof ModuleError)) throw thrown;
    const { message: detail, advice } = thrown;
    // A connector at work is no fault of the configuration; only a second one could not start.
    const state = thrown.code === 'STATE_LOCKED' ? 'warning' : 'failed';
    return { name, state, detail, ...(advice !== undefined && { remedy: advice }) };
  }
}
