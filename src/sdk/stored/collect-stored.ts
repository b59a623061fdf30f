import { listenerOf } from '../define-trigger.js';
import { createIntake } from '../intake/create-intake.js';
import { FailureReport } from '../lanes/failure-report.js';
import type { TriggerContext } from '../trigger.js';
import { openPlaces } from './open-places.js';
import { runStored, type StoredParts } from './run-stored.js';
import type { SqsQueueOptions } from './sqs-queue.js';
import type { StoredSettings } from './stored-settings.js';
import type { StoredTriggerDefinition } from './stored-trigger-definition.js';

/** Reads and delivers what is stored, until stopped or, of what can be read only once, to its end. */
export async function collectStored(
  settings: StoredSettings,
  definition: StoredTriggerDefinition,
  context: TriggerContext,
): Promise<void> {
  const listener = listenerOf(context);
  const { store, messages, beside } = await openPlaces(settings, {
    ...{ ...context, listener },
    signal: context.stop.requested,
    onTrouble: tellTrouble(context),
  });
  const { restore, filterOf } = definition;
  const parts: StoredParts<ReturnType<ReturnType<typeof createIntake>['createBatch']>> = {
    ...{ store, listener, listEveryMs: settings.listEveryMs },
    destination: createIntake(settings, definition, { ...context, listener, anySize: false }),
    deadLetterLimitBytes: settings.deadLetterLimitBytes,
    idLimitBytes: settings.idLimitBytes,
    ...(messages && { messages }),
    ...(restore && { restore }),
    ...(beside && { other: { storage: beside, filterOf } }),
  };
  await runStored(parts, context);
}

/** Trouble with single messages, which passes or does no harm: once, and again only after an hour. */
function tellTrouble({ log, clock }: TriggerContext): SqsQueueOptions['onTrouble'] {
  const report = new FailureReport(log, clock);
  return (error) => {
    const { message, code, advice = '' } = error;
    report.tell(error, `${message}. ${advice}`.trim(), { level: 'warning', fields: { code } });
  };
}
