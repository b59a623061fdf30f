import type { Log } from '../../sdk/observability/log.js';
import type { PipelineEvent } from '../../sdk/pipeline/pipeline-event.js';
import type { OutputStream } from '../../sdk/observability/terminal.js';
import type { Clock, Environment } from '../../sdk/ports.js';
import { paintFor, printLine, type Paint } from '../output.js';
import { eventLine } from './event-line.js';

/** What the demo counts from the connector's own word. */
export interface Tally {
  delivered: number;
  deadLettered: number;
  retried: number;
  repeated: number;
  failedCycles: number;
}

/** Tells a person what the connector does, a line at a time, each with the seconds since the start. */
export class Narrator {
  readonly tally: Tally = { delivered: 0, deadLettered: 0, retried: 0, repeated: 0, failedCycles: 0 };
  readonly #paint: Paint;
  readonly #startedAt: number;
  #owedFromMs: number | undefined;
  #lastDelivered = 0;
  #lastAt: number;

  constructor(
    private readonly stdout: OutputStream,
    environment: Environment,
    private readonly clock: Clock,
  ) {
    this.#paint = paintFor(stdout, environment);
    this.#startedAt = this.#lastAt = clock.monotonic();
  }

  /** The connector's log: what an operator would read. */
  readonly log: Log = {
    debug: () => undefined,
    info: (message) => this.say(message),
    warning: (message) => this.say(this.#paint('yellow', message)),
    error: (message) => this.say(this.#paint('red', message)),
    critical: (message) => this.say(this.#paint('red', message)),
  };

  say(text: string): void {
    const seconds = (this.clock.monotonic() - this.#startedAt) / 1000;
    printLine(this.stdout, `${seconds.toFixed(1).padStart(6)} s  ${text}`);
  }

  readonly hear = (event: PipelineEvent): void => {
    if (event.kind === 'delivered') this.tally.delivered += event.events;
    if (event.kind === 'dead-lettered') this.tally.deadLettered += 1;
    if (event.kind === 'retrying') this.tally.retried += 1;
    if (event.kind === 'read') this.tally.repeated += event.repeated;
    if (event.kind === 'cycle-failed') this.tally.failedCycles += 1;
    if (event.kind === 'committed') this.#owedFromMs = event.owedFromMs;
  };

  /** True until the backlog is delivered: from then on the connector's own lines say enough. */
  get isBehind(): boolean {
    return this.#owedFromMs === undefined || this.clock.now() - this.#owedFromMs > 60_000;
  }

  /** One line of progress: how many, how fast, how far behind now. */
  progress(): void {
    const now = this.clock.monotonic();
    const { delivered } = this.tally;
    const rate = Math.round(((delivered - this.#lastDelivered) * 1000) / Math.max(1, now - this.#lastAt));
    [this.#lastDelivered, this.#lastAt] = [delivered, now];
    const lag = this.#owedFromMs === undefined ? '' : `   ${behind(this.clock.now() - this.#owedFromMs)} behind`;
    const text = `${count(delivered).padStart(9)} delivered ${count(rate).padStart(8)}/s${lag}`;
    this.say(this.#paint('cyan', text));
  }

  /** One delivered event, as an example. */
  example(text: string): void {
    this.say(this.#paint('dim', eventLine(text)));
  }
}

/** A number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function behind(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
