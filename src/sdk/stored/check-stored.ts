import { isAbort, ModuleError } from '../errors.js';
import { checkIntake } from '../intake/check-intake.js';
import type { CheckContext, CheckResult } from '../trigger.js';
import { openPlaces } from './open-places.js';
import type { StoredSettings } from './stored-settings.js';
import type { StoredTriggerDefinition } from './stored-trigger-definition.js';

/** Looks whether what the settings name can be read, and the intake takes events. */
export async function* checkStored(
  settings: StoredSettings,
  { userAgent, foreignKey }: StoredTriggerDefinition,
  context: CheckContext,
): AsyncGenerator<CheckResult> {
  const { signal } = context;
  const places = await openPlaces(settings, {
    ...context,
    listener: () => undefined,
    onTrouble: () => undefined,
  });
  const { store, messages, beside } = places;
  try {
    if (store.isReadOnce) {
      yield { name: 'objects', state: 'skipped', detail: 'standard input can be read only once' };
    } else {
      yield* examine(`objects in ${store.location}`, async () => {
        const first = (await store.list(signal).next()).value?.[0];
        if (first === undefined) return { state: 'warning', detail: 'there is none yet' };
        const opened = await first.open(signal);
        await opened?.content[Symbol.asyncIterator]().next();
        return { state: 'passed', detail: `they can be listed and read; the first one is ${first.name}` };
      });
    }
    if (messages !== undefined) {
      yield* examine('queue', async () => {
        const waiting = await messages.queue.examine(signal);
        return { state: 'passed', detail: `it answers; waiting in it: about ${waiting}; nothing was taken out of it` };
      });
    }
    if (beside !== undefined) {
      yield* examine('state of the API connector', async () => {
        const found = await beside.read('context.json');
        if (found !== undefined) return { state: 'passed', detail: `found in ${beside.location}` };
        return { state: 'warning', detail: 'there is none yet: this connector waits until there is' };
      });
    }
  } finally {
    store.close();
    messages?.queue.close();
  }
  const { intakeUrl: url, intakeKey } = settings;
  yield* checkIntake({ url, intakeKey, userAgent, ...(foreignKey && { foreignKey }) }, context);
}

async function* examine(
  name: string,
  look: () => Promise<Pick<CheckResult, 'state' | 'detail'>>,
): AsyncGenerator<CheckResult> {
  try {
    yield { name, ...(await look()) };
  } catch (error) {
    if (isAbort(error) || !(error instanceof ModuleError)) throw error;
    const { advice: remedy } = error;
    yield { name, state: 'failed', detail: error.message, ...(remedy !== undefined && { remedy }) };
  }
}
