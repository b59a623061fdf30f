import { ModuleError } from './errors.js';

const LEAST_ERRORS = 5;
const LEAST_RUNNING_MS = 1_800_000;
const LONGEST_REGARDED_MS = 5 * 86_400_000;
/** Of the time since the start. */
const SHARE_WITHOUT_SUCCESS = 1 / 5;

/** What the platform's rule looks at. */
export interface ErrorHistory {
  /** Counted errors, one after the other. */
  readonly errors: number;
  /** Since the start of the process. */
  readonly runningMs: number;
  /** Since something last went well, or since the start. */
  readonly withoutSuccessMs: number;
}

/**
 * Whether errors that pass by themselves as a rule have lasted for so long that the item has to be called broken: five in a
 * row, half an hour after the start at the earliest, and a fifth of the running time without success, a day at the most.
 */
export function isTimeForCritical({ errors, runningMs, withoutSuccessMs }: ErrorHistory): boolean {
  return (
    errors >= LEAST_ERRORS &&
    runningMs >= LEAST_RUNNING_MS &&
    withoutSuccessMs >= Math.min(runningMs, LONGEST_REGARDED_MS) * SHARE_WITHOUT_SUCCESS
  );
}

/**
 * Whether an error counts. What is wrong with the platform itself does not, since stopping the item would not mend it: its
 * object storage or disk, its intake and its own services, where they answer 5xx. No answer counts of the intake, whose
 * address may be wrong, and not of the others.
 */
export function isCounted(thrown: unknown): boolean {
  if (!(thrown instanceof ModuleError)) return true;
  switch (thrown.code) {
    case 'DESTINATION_UNAVAILABLE':
      return false;
    case 'STATE_UNAVAILABLE':
    case 'PLATFORM_UNREACHABLE':
    case 'PLATFORM_UNAVAILABLE':
      return thrown.status !== undefined && thrown.status < 500;
    default:
      return true;
  }
}
