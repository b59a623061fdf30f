import { ErrorAccount } from '../error-account.js';
import type { PipelineEvent } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import { formatTimestamp } from '../time/timestamp.js';
import { type Answer, refusal } from './http-server.js';
import type { Log } from './log.js';
import { type StreamHealth, StreamSigns } from './stream-signs.js';

/** More than the longest time limits of one request to either side, and of one access to the state, together. */
const LEAST_THRESHOLD_MS = 900_000;
/** So many times the pace may pass without a sign of life. */
const PACES = 3;

/**
 * Whether a run is alive: whether it has told of anything lately, or still waits as it said that it would. That nothing
 * happened at the source, or that it does not answer, is no reason to restart anything.
 */
export class Liveness {
  readonly #startedAt: number;
  /** On the monotonic clock. */
  #eventsAt: number;
  #heardAt: number;
  /** Until when it waits on purpose. */
  #waitsUntil = -Infinity;
  #thresholdMs = LEAST_THRESHOLD_MS;
  #log: Log | undefined;
  #wasAlive = true;
  readonly #streams = new StreamSigns();
  #toldStalled = 0;

  /** @param errors told of every event; what it counts is shown as `error_count` */
  constructor(
    private readonly clock: Clock,
    private readonly errors = new ErrorAccount(clock),
  ) {
    this.#startedAt = clock.monotonic();
    [this.#eventsAt, this.#heardAt] = [this.#startedAt, this.#startedAt];
  }

  /** From when the settings are known. @param paceMs the longest time between two signs of life while all is well */
  begin(paceMs: number, log: Log): void {
    this.#thresholdMs = LEAST_THRESHOLD_MS + PACES * paceMs;
    this.#log = log;
    this.#heardAt = this.clock.monotonic();
  }

  /** Anything that is heard is a sign of life. */
  hear(event: PipelineEvent, stream?: string): void {
    const now = this.clock.monotonic();
    this.#heardAt = now;
    this.errors.hear(event, stream);
    if (stream !== undefined) this.#streams.hear(event, stream, now);
    switch (event.kind) {
      case 'delivered':
        this.#eventsAt = now;
        return;
      case 'cycle-failed':
      case 'retrying':
      case 'waiting':
        this.#waitsUntil = Math.max(this.#waitsUntil, now + event.delayMs);
        return;
      default:
    }
  }

  /** What is said at a path. */
  answer(path: string): Answer {
    if (path !== '/health') return refusal(404, "Endpoint doesn't exist");
    const now = this.clock.monotonic();
    // Who waits as announced is as alive as at the announcement, up to the end of the wait.
    const heartbeatAt = Math.max(this.#heardAt, Math.min(now, this.#waitsUntil));
    const streams = this.#streams.count === 0 ? undefined : this.#streams.health(now, this.#thresholdMs);
    const isAlive = now - heartbeatAt < this.#thresholdMs && !isMostlyStalled(streams);
    if (streams !== undefined) this.#tellStalled(streams);
    this.#tell(isAlive, now - heartbeatAt);
    const body = JSON.stringify({
      last_events_time: this.#wallTime(this.#eventsAt),
      last_heartbeat: this.#wallTime(heartbeatAt),
      // No test of it: a tenant where nothing happens is none that hangs.
      seconds_without_events_threshold: 0,
      last_heartbeat_threshold: Math.ceil(this.#thresholdMs / 1000),
      error_count: this.errors.errors,
      ...(streams && { streams }),
    });
    return { status: isAlive ? 200 : 500, contentType: 'application/json', body };
  }

  #tell(isAlive: boolean, silentMs: number): void {
    if (isAlive === this.#wasAlive) return;
    this.#wasAlive = isAlive;
    if (isAlive) this.#log?.info('The trigger gives signs of life again');
    else {
      const seconds = Math.round(silentMs / 1000);
      this.#log?.error(`No sign of life for ${seconds} s: /health answers 500, so that the process is started anew`);
    }
  }

  /** Each stream that hangs is told; most of them still collect, and would be interrupted for its sake. */
  #tellStalled({ stalled }: StreamHealth): void {
    if (stalled.count > this.#toldStalled) {
      this.#log?.error(`No sign of life from ${stalled.count} organizations: ${stalled.names.join(', ')}`, {
        advice: 'The others go on. A restart of the item begins them anew, where they are.',
      });
    }
    this.#toldStalled = stalled.count;
  }

  /** UTC without its zone, as the platform has it. */
  #wallTime(at: number): string {
    return formatTimestamp(this.clock.now() - Math.round(this.clock.monotonic() - at)).replace(/Z$/, '');
  }
}

/** A single stream that hangs is no reason to interrupt the others; half of them hang for a common one. */
function isMostlyStalled(streams: StreamHealth | undefined): boolean {
  return streams !== undefined && streams.stalled.count * 2 >= streams.count;
}
