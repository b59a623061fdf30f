import { listenerOf } from '../define-trigger.js';
import { isAbort, ModuleError } from '../errors.js';
import { checkIntake, type CheckedIntake } from '../intake/check-intake.js';
import { createIntake } from '../intake/create-intake.js';
import { FailureReport } from '../lanes/failure-report.js';
import { createLocalDirectory } from '../storage/local-directory.js';
import type { Storage } from '../storage/storage.js';
import type { CheckContext, CheckResult, DestinationContext, Trigger, TriggerContext } from '../trigger.js';
import { openLocalStore } from './local-store.js';
import type { NoticedObject } from './object-notice.js';
import type { ObjectStore } from './object-store.js';
import type { StreamFilter } from './other-stream.js';
import { type ObjectMessages, runStored, type StoredParts } from './run-stored.js';
import { openS3Objects, type S3Objects, type S3ObjectsOptions } from './s3-objects.js';
import { openSqsQueue, type SqsQueueOptions } from './sqs-queue.js';
import { readStoredSettings, secretsOf, type StoredSettings } from './stored-settings.js';

/** A trigger that reads stored objects of events, told in what is special about it. */
export interface StoredTriggerDefinition {
  /** The command of the trigger: `docker_parameters` of its declaration. */
  readonly command: string;
  /** Whose events they are, as names of metrics have it. */
  readonly vendor: string;
  /** Product and version. */
  readonly userAgent: string;
  /** Members of an event's top level that are left whole where a copy of an oversized event is trimmed. */
  readonly protectedMembers: readonly string[];
  /** Gives an event's text the form of the source's API, in place, where an export has changed it. */
  readonly restore?: (text: Uint8Array) => void;
  /** Reads which events a connector collects out of how it describes its stream; undefined where that is not understood. */
  readonly filterOf: (stream: string) => StreamFilter | undefined;
  readonly foreignKey?: CheckedIntake['foreignKey'];
}

/** The places of a run, open. */
interface Places {
  readonly store: ObjectStore;
  readonly messages?: ObjectMessages;
  readonly beside?: Pick<Storage, 'read' | 'location'>;
}

/** Makes a trigger of its definition. */
export function defineStoredTrigger(definition: StoredTriggerDefinition): Trigger<StoredSettings> {
  const { command, vendor } = definition;
  const openDestination = (settings: StoredSettings, context: DestinationContext): ReturnType<typeof createIntake> =>
    createIntake(settings, definition, context);
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
      const listener = listenerOf(context);
      const { store, messages, beside } = await openPlaces(settings, {
        ...{ ...context, listener },
        signal: context.stop.requested,
        onTrouble: tellTrouble(context),
      });
      const { restore, filterOf } = definition;
      const parts: StoredParts<ReturnType<ReturnType<typeof createIntake>['createBatch']>> = {
        ...{ store, listener, listEveryMs: settings.listEveryMs },
        destination: openDestination(settings, { ...context, listener, anySize: false }),
        deadLetterLimitBytes: settings.deadLetterLimitBytes,
        idLimitBytes: settings.idLimitBytes,
        ...(messages && { messages }),
        ...(restore && { restore }),
        ...(beside && { other: { storage: beside, filterOf } }),
      };
      await runStored(parts, context);
    },
    openDestination,
    check: (settings, context) => checkStored(settings, definition, context),
  };
}

/** Trouble with single messages, which passes or does no harm: once, and again only after an hour. */
function tellTrouble({ log, clock }: TriggerContext): SqsQueueOptions['onTrouble'] {
  const report = new FailureReport(log, clock);
  return (error) => {
    const { message, code, advice = '' } = error;
    report.tell(error, `${message}. ${advice}`.trim(), { level: 'warning', fields: { code } });
  };
}

async function openPlaces(
  { place, queueUrl, beside }: StoredSettings,
  context: S3ObjectsOptions &
    SqsQueueOptions &
    Pick<TriggerContext, 'fileSystem' | 'files' | 'input'> & { readonly signal: AbortSignal },
): Promise<Places> {
  const { fileSystem, files, input, signal } = context;
  const unhanded = (): never => {
    throw new TypeError('Files of this machine are asked for, and none were handed over');
  };
  if (place.kind === 'path') {
    return {
      store: openLocalStore(place.path, { files: files ?? unhanded(), input: input ?? unhanded() }),
      ...(beside &&
        'directory' in beside && { beside: createLocalDirectory(beside.directory, fileSystem ?? unhanded()) }),
    };
  }
  const { bucket } = place;
  const store = await openS3Objects(bucket, context);
  const queue = queueUrl === undefined ? undefined : await openSqsQueue(queueUrl, bucket, context);
  const messages = queue && {
    queue,
    bucket: bucket.bucket,
    prefix: bucket.prefix,
    object: ({ name, version, size }: NoticedObject) => store.object(name, version, size),
  };
  return {
    store,
    ...(messages && { messages }),
    ...(beside && {
      beside:
        'directory' in beside
          ? createLocalDirectory(beside.directory, fileSystem ?? unhanded())
          : documentsIn(
              await openS3Objects({ ...bucket, bucket: beside.bucket, prefix: '' }, context),
              beside.folder,
              signal,
            ),
    }),
  };
}

/** A folder of a bucket, to be read. */
function documentsIn(objects: S3Objects, folder: string, signal: AbortSignal): Pick<Storage, 'read' | 'location'> {
  return {
    location: `${objects.location}${folder}`,
    async read(name) {
      const opened = await objects.object(folder === '' ? name : `${folder}/${name}`).open(signal);
      if (opened === undefined) return undefined;
      const pieces: Uint8Array[] = [];
      for await (const piece of opened.content) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

async function* checkStored(
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
