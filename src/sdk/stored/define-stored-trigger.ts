import { createIntake } from '../intake/create-intake.js';
import type { Trigger } from '../trigger.js';
import { readStoredSettings, secretsOf, type StoredSettings } from './stored-settings.js';
import type { StoredTriggerDefinition } from './stored-trigger-definition.js';

/** Makes a trigger of its definition. What collects and checks is loaded with the first one that does. */
export function defineStoredTrigger(definition: StoredTriggerDefinition): Trigger<StoredSettings> {
  const { command, vendor } = definition;
  return {
    command,
    configure(configuration, nowMs) {
      const { settings, warnings } = readStoredSettings(configuration, nowMs);
      return { settings, warnings, secrets: secretsOf(settings) };
    },
    profile: ({ intakeKey, listEveryMs, queueUrl }) => ({
      ...{ vendor, intakeKey },
      // A queue answers after 20 s at the latest.
      paceMs: queueUrl === undefined ? listEveryMs : 20_000,
    }),
    async run(settings, context) {
      const { collectStored } = await import('./collect-stored.js');
      await collectStored(settings, definition, context);
    },
    openDestination: (settings, context) => createIntake(settings, definition, context),
    async *check(settings, context) {
      const { checkStored } = await import('./check-stored.js');
      yield* checkStored(settings, definition, context);
    },
  };
}
