import { DeliveryState } from './checkpoint/delivery-state.js';
import type { ConnectorParts } from './connector-parts.js';
import { DeadLetter } from './dead-letter/dead-letter.js';
import { DAMAGE_ADVICE, DeadLetterArchive, describeDamage } from './dead-letter/dead-letter-archive.js';
import { BackfillLane } from './lanes/backfill-lane.js';
import { LookBackLane, lookBackBeside } from './lanes/look-back-lane.js';
import { RepairLane } from './lanes/repair-lane.js';
import { describeOwed, TailLane } from './lanes/tail-lane.js';
import { describeError, isAbort, ModuleError } from './errors.js';
import { retry } from './http/retry.js';
import { type GivenFields, type Log, STREAM_ONLY } from './observability/log.js';
import { committedEvent } from './pipeline/committed-event.js';
import type { Batch } from './pipeline/destination.js';
import { Places } from './pipeline/places.js';
import type { Pipeline } from './pipeline/pump.js';
import { UnderWay } from './pipeline/under-way.js';
import type { Clock } from './ports.js';
import { isOutOfRoom } from './storage/state-unavailable.js';
import type { Storage } from './storage/storage.js';
import { formatTimestamp } from './time/timestamp.js';
import type { TriggerContext } from './trigger.js';

/** Smaller differences of the clocks are not worth a word. */
const CLOCK_TOLERANCE_MS = 2_000;
/** Ids are kept a little longer than a look-back reaches that is overdue, for positions that are moved a little. */
const LEDGER_MARGIN_MS = 120_000;

/**
 * Collects until stopped: at every `frequencyMs`, reads what is owed up to now and delivers it. With `once`, until it
 * has caught up.
 *
 * A cycle that fails leaves the position where it was committed, is reported once, and is begun again after a pause.
 * @throws ModuleError STATE_CORRUPT or STATE_UNAVAILABLE at the start; STATE_LOCKED; with `once`, the failure of a cycle
 */
export async function runConnector<B extends Batch>(parts: ConnectorParts<B>, context: TriggerContext): Promise<void> {
  const { storage, log, stop } = context;
  const state = await openState(parts, storage, () => startFrom(parts, context), context.clock);
  // A position that somebody else wrote may have been written by a wrong clock: then it matters that ours is right.
  if (state.resumption.kind === 'taken-over') await parts.source.learnTime(stop.requested);
  // Durable at once: a first start that is interrupted begins at the same instant when it is begun again.
  await commitStart(state, parts, context);
  tellStart(state, parts.stream, context);
  tellNoCopy(state, log);
  await tellDamagedDeadLetter(storage, log);
  await collect(parts, context, state);
  log.info(`Stopped, owed: ${describeOwed(state.owed)}`, audienceOf(context));
}

/** The lanes side by side; with `once`, one after the other. */
async function collect<B extends Batch>(
  parts: ConnectorParts<B>,
  context: TriggerContext,
  state: DeliveryState,
): Promise<void> {
  const { stop, once } = context;
  const pipeline = createPipeline(parts, context, state);
  // What looks for missing events has one batch under way: the tail keeps most of the way to the destination.
  const sharedDeliveries = new Places(1);
  const repair = new RepairLane({ ...parts, sharedDeliveries }, pipeline, context);
  const lookBack = once ? { overlapMs: parts.overlapMs } : lookBackBeside(parts);
  const tail = new TailLane(
    { ...parts, ...lookBack, onRecovery: () => repair.wake(), onSuccess: () => backfill.wake() },
    pipeline,
    context,
  );
  const backfill = new BackfillLane(
    { ...parts, isWell: () => once || tail.isWell, onDone: () => repair.wake() },
    pipeline,
    context,
  );
  if (once) {
    await tail.run();
    if (stop.requested.aborted) return;
    await backfill
      .untilDone()
      .then(() => repair.pass())
      .catch((error: unknown) => {
        if (!isAbort(error) || !stop.requested.aborted) throw error;
      });
    return;
  }
  const late = new LookBackLane(
    { ...parts, ...lookBack, sharedDeliveries, isWell: () => tail.isWell },
    pipeline,
    context,
  );
  const lanes = [tail.run(), late.run(), repair.run(), backfill.run()];
  try {
    await Promise.all(lanes);
  } catch (error) {
    // A defect in one lane: the others finish what they have under way.
    stop.request();
    await Promise.allSettled(lanes);
    throw error;
  }
}

/**
 * The state of a connector's data path, as its parts need it kept.
 * @param startFromMs where to begin where there is none
 * @param clock where much is committed, for rests between writes
 * @throws ModuleError STATE_CORRUPT, STATE_UNAVAILABLE
 */
export function openState<B extends Batch>(
  { settlingHorizonMs, overlapMs, stream }: ConnectorParts<B>,
  storage: Storage,
  startFromMs: () => Promise<number>,
  clock?: Clock,
): Promise<DeliveryState> {
  const keepMs = Math.max(settlingHorizonMs, 2 * overlapMs + LEDGER_MARGIN_MS);
  return DeliveryState.open({ storage, startFromMs, keepMs, stream, ...(clock && { clock }) });
}

/** What the lanes of a connector pump from, to and with. */
export function createPipeline<B extends Batch>(
  parts: ConnectorParts<B>,
  context: TriggerContext,
  state: DeliveryState,
): Pipeline<B> {
  const { storage, clock, random, stop, share } = context;
  const { source, destination, listener, deadLetterLimitBytes: limitBytes } = parts;
  const deadLetter = new DeadLetter(storage, clock, { ...(limitBytes !== undefined && { limitBytes }), listener });
  const places = share && { places: share.places };
  return { source, destination, listener, clock, random, stop, state, deadLetter, underWay: new UnderWay(), ...places };
}

/** A start that was told as a time before now is counted from the source's now, which may differ from ours. */
async function startFrom<B extends Batch>(
  { source, startFromMs, startIsRelative }: ConnectorParts<B>,
  { clock, stop }: TriggerContext,
): Promise<number> {
  if (startIsRelative !== true) return startFromMs;
  await source.learnTime(stop.requested);
  const offsetMs = source.now() - clock.now();
  return Math.abs(offsetMs) > CLOCK_TOLERANCE_MS ? startFromMs + offsetMs : startFromMs;
}

/** A disk that is full waits for somebody to make room, here as later on. Whoever runs it once wants an end. */
async function commitStart<B extends Batch>(
  state: DeliveryState,
  { listener }: ConnectorParts<B>,
  { clock, random, stop, once }: TriggerContext,
): Promise<void> {
  await retry(() => state.commit({ entries: [], settled: undefined }), {
    policy: { firstDelayMs: 1000, longestDelayMs: 10_000, deadlineMs: Infinity },
    clock,
    random,
    requested: stop.requested,
    isWorthIt: (error) => !once && isOutOfRoom(error),
    onRetry: (failure) => listener({ kind: 'retrying', side: 'state', ...failure }),
  });
  listener(committedEvent(state, { accountedFor: 0, nothingOwedFromMs: state.readableFromMs }));
}

/** What is damaged there stops nothing, and nobody would look before it is needed. */
async function tellDamagedDeadLetter(storage: Storage, log: Log): Promise<void> {
  try {
    const damaged = await new DeadLetterArchive(storage).damage();
    if (damaged.length > 0) log.warning(describeDamage(damaged), { advice: DAMAGE_ADVICE });
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    log.warning(`The dead letter cannot be looked at: ${describeError(error)}`, {
      code: error.code,
      advice: error.advice,
    });
  }
}

/** Collection goes on without a copy, but 'state repair' would miss it. */
function tellNoCopy({ copyFailure }: DeliveryState, log: Log): void {
  if (copyFailure === undefined) return;
  const advice = copyFailure instanceof ModuleError ? copyFailure.advice : undefined;
  log.warning(`No copy of the checkpoint is kept: ${describeError(copyFailure)}`, { advice });
}

/** Of many streams the beginnings and ends would hide what else is to be seen, where lines are few. */
function audienceOf({ share }: TriggerContext): GivenFields {
  return share === undefined ? {} : { [STREAM_ONLY]: true };
}

function tellStart({ resumption, owed }: DeliveryState, stream: string, context: TriggerContext): void {
  const { log } = context;
  const from = describeOwed(owed);
  const fields = { stream, ...audienceOf(context) };
  switch (resumption.kind) {
    case 'first-start':
      log.info(`First start on this data path: collecting ${from}`, fields);
      return;
    case 'taken-over':
      log.info(`Taking over the position ${formatTimestamp(resumption.positionMs)}: collecting ${from}`, fields);
      return;
    case 'resumed':
      log.info(`Resuming, owed: ${from}. start_from counts on the first start only`, fields);
      if (resumption.previousStream !== stream) {
        log.warning(
          `The stream was '${resumption.previousStream}' and is now '${stream}': what is new in it is collected from the position on`,
        );
      }
  }
}
