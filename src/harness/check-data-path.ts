import { DAMAGE_ADVICE, DeadLetterArchive, describeDamage } from '../sdk/dead-letter/dead-letter-archive.js';
import { ModuleError } from '../sdk/errors.js';
import type { Storage } from '../sdk/storage/storage.js';
import type { StorageLocation } from '../sdk/storage/storage-location.js';
import type { CheckResult } from '../sdk/trigger.js';

const PROBE = 'check-probe';

/**
 * Whether a run would have the state to itself, and whether it can be written. A directory is made where missing. Where a
 * connector is at work nothing is written beside it.
 */
export async function* checkDataPath(location: StorageLocation): AsyncGenerator<CheckResult> {
  const { description, kind } = location;
  const name = `State ${kind}`;
  try {
    const { storage, release } = await location.open();
    try {
      await probe(storage);
    } finally {
      await release();
    }
    yield { name, state: 'passed', detail: `${description} can be written` };
    if (kind === 'directory') yield { name: 'State lock', state: 'passed', detail: 'no other process works on it' };
  } catch (thrown) {
    if (!(thrown instanceof ModuleError)) throw thrown;
    const { message: detail, advice } = thrown;
    const remedy = advice === undefined ? {} : { remedy: advice };
    // A connector at work is no fault of the configuration; only a second one could not start.
    if (thrown.code === 'STATE_LOCKED') yield { name: 'State lock', state: 'warning', detail, ...remedy };
    else yield { name, state: 'failed', detail, ...remedy };
  }
}

/** Whether what could not be delivered can still be read; nothing where it can. */
export async function* checkDeadLetter(location: StorageLocation): AsyncGenerator<CheckResult> {
  const name = 'Dead letter';
  try {
    const damaged = await new DeadLetterArchive(await location.openReadOnly()).damage();
    if (damaged.length > 0) yield { name, state: 'warning', detail: describeDamage(damaged), remedy: DAMAGE_ADVICE };
  } catch (thrown) {
    if (!(thrown instanceof ModuleError)) throw thrown;
    const { message: detail, advice: remedy } = thrown;
    yield { name, state: 'warning', detail, ...(remedy !== undefined && { remedy }) };
  }
}

async function probe(storage: Storage): Promise<void> {
  await storage.write(PROBE, new TextEncoder().encode('written by sekoia-module check\n'));
  await storage.remove(PROBE);
}
