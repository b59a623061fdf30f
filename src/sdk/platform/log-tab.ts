import { describeError, ModuleError } from '../errors.js';
import { backoffMs } from '../http/backoff.js';
import type { LogFields, LogRecord, LogSink } from '../observability/log.js';
import { formatPythonTimestamp } from '../time/timestamp.js';
import { askPlatform, type PlatformSpeaker } from './ask-platform.js';
import { LogBuffer, type TabLine } from './log-buffer.js';
import { RepeatFilter } from './repeat-filter.js';

const MOST_IN_A_REQUEST = 50;
const LONGEST_WAIT_MS = 5_000;
const MOST_WAITING = 1_000;
/** Of one message. Together with the above it bounds what is held. */
const LONGEST_MESSAGE = 8_000;

/** 1, 2, 4, 8, 10, 10, ... seconds, for ever. */
const BACKOFF = { firstDelayMs: 1_000, longestDelayMs: 10_000, deadlineMs: Infinity };
const NO_CHANCE = (): number => 1;
/** A token that is refused is so again: once in five minutes will do. */
const REFUSAL_PAUSE_MS = 300_000;
/** Refusals of these lines, not of whoever sends them. */
const REFUSED_FOR_ITS_CONTENT: readonly (number | undefined)[] = [400, 413, 422];
/** Between the last tries, while the process is leaving. */
const LAST_PAUSE_MS = 500;

/** Fields that help nobody who reads the tab, or that have a place of their own. */
const NOT_SHOWN = new Set(['advice', 'code', 'dataPath', 'graceSeconds', 'once', 'signal', 'stack', 'status']);

export interface LogTabOptions extends PlatformSpeaker {
  readonly url: string;
  /** Told when lines cannot be sent any more, and when they can be again. Must not log to the tab. */
  readonly onTrouble: (error: ModuleError | undefined) => void;
}

/**
 * The log tab of the item in the platform: sends lines together, fifty or those of five seconds, and at once where one is an
 * error. Lines that say the same are sent once a minute. What cannot be sent waits, within bounds; of what did not fit, and of
 * lines that the platform refuses for what they are, the tab tells the number.
 */
export class LogTab implements LogSink {
  readonly #buffer = new LogBuffer(MOST_WAITING);
  readonly #repeats = new RepeatFilter();
  /** Ends the wait for more lines. */
  #hurry = new AbortController();
  readonly #closing = new AbortController();
  /** Ends everything. */
  readonly #cut = new AbortController();
  #toldCritical = false;
  #failures = 0;
  /** Lines in the next request, at the most: fewer while one that is refused is looked for. */
  #most = MOST_IN_A_REQUEST;
  #working: Promise<void> | undefined;

  constructor(private readonly options: LogTabOptions) {}

  write({ level: given, message, fields }: LogRecord): void {
    if (this.#cut.signal.aborted) return;
    const { clock } = this.options;
    // The platform acts on the first one.
    const level = given === 'critical' && this.#toldCritical ? 'error' : given;
    const text = tabText(message, fields);
    if (level === 'critical') this.#toldCritical = true;
    else if (!this.#repeats.admit(`${level} ${text}`, clock.monotonic())) return;
    this.#buffer.add({ date: dateText(clock.now()), level, message: text });
    const isUrgent = level === 'error' || level === 'critical';
    if (isUrgent || this.#buffer.size >= MOST_IN_A_REQUEST) this.#hurry.abort();
    this.#working ??= this.#work();
  }

  /** Sends what is left, for so long at the most. What is written later is lost. */
  async close(withinMs: number): Promise<void> {
    this.#hurry.abort();
    this.#closing.abort();
    const done = new AbortController();
    await Promise.race([this.#working, this.options.clock.sleep(withinMs, done.signal)]);
    done.abort();
    this.#cut.abort();
  }

  /** Until nothing is left to send. */
  async #work(): Promise<void> {
    const { clock } = this.options;
    while (this.#buffer.size > 0 && !this.#cut.signal.aborted) {
      await this.#waitForMore();
      const pauseMs = await this.#send();
      if (pauseMs === 0) continue;
      // Who is leaving has no time to be let in again.
      if (this.#closing.signal.aborted && pauseMs === REFUSAL_PAUSE_MS) return;
      if (this.#closing.signal.aborted) await clock.sleep(LAST_PAUSE_MS, this.#cut.signal);
      else await clock.sleep(pauseMs, this.#closing.signal);
    }
    this.#working = undefined;
  }

  async #waitForMore(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await this.options.clock.sleep(LONGEST_WAIT_MS, this.#hurry.signal);
    this.#hurry = new AbortController();
  }

  /** @returns how long to wait before the next try; 0 after a success */
  async #send(): Promise<number> {
    const most = this.#most;
    const lines = this.#buffer.take(most);
    const { leftOut } = this.#buffer;
    const { url, onTrouble, clock } = this.options;
    const logs = leftOut === 0 ? lines : [leftOutLine(leftOut, clock.now()), ...lines];
    try {
      await askPlatform({ method: 'POST', url, body: { logs }, signal: this.#cut.signal }, this.options);
      this.#buffer.forgetLeftOut(leftOut);
      if (this.#failures > 0) onTrouble(undefined);
      this.#failures = 0;
      this.#most = Math.min(MOST_IN_A_REQUEST, most * 2);
      // What was there already has waited for long enough.
      if (lines.length === most) this.#hurry.abort();
      return 0;
    } catch (thrown) {
      return this.#afterFailure(lines, thrown);
    }
  }

  #afterFailure(lines: readonly TabLine[], thrown: unknown): number {
    const error =
      thrown instanceof ModuleError
        ? thrown
        : new ModuleError('PLATFORM_ANSWER_INVALID', describeError(thrown), { cause: thrown });
    const isRefused = error.code === 'PLATFORM_REFUSED';
    const isForContent = isRefused && REFUSED_FOR_ITS_CONTENT.includes(error.status);
    if (isForContent && lines.length > 1) {
      // One of them may be all that is wrong: the half without it gets through.
      this.#buffer.putBack(lines);
      this.#most = Math.ceil(lines.length / 2);
      this.#hurry.abort();
      return BACKOFF.firstDelayMs;
    }
    if (isForContent) {
      this.#buffer.giveUp(lines.length);
      // The platform does not know of it: the next one is the first.
      if (lines.some(({ level }) => level === 'critical')) this.#toldCritical = false;
    } else {
      this.#buffer.putBack(lines);
    }
    this.#failures += 1;
    if (this.#failures === 1 && !this.#cut.signal.aborted) this.options.onTrouble(error);
    // What failed is sent again by its own pace; no new line makes it sooner.
    this.#hurry.abort();
    return isRefused && !isForContent ? REFUSAL_PAUSE_MS : backoffMs(BACKOFF, this.#failures, NO_CHANCE);
  }
}

/** The message, its facts, then what to do about it: the tab has no columns for them. */
function tabText(message: string, fields: LogFields): string {
  const facts = Object.entries(fields)
    .filter(([name, value]) => value !== undefined && !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}: ${String(value)}`);
  const { advice, code } = fields;
  const first = facts.length === 0 ? message : `${message} (${facts.join(', ')})`;
  const named = code === undefined ? first : `${first} [${String(code)}]`;
  const text = advice === undefined ? named : `${named}\n${String(advice)}`;
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
}

function leftOutLine(lines: number, nowMs: number): TabLine {
  const message = `${lines === 1 ? 'A line is' : `${lines} lines are`} missing here: they could not be sent in time`;
  return { date: dateText(nowMs), level: 'warning', message };
}

/** UTC without its zone; six fraction digits, or none. */
function dateText(ms: number): string {
  return formatPythonTimestamp(ms).replace(/\+00:00$/, '');
}
