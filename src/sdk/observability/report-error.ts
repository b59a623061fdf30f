import { describeError, isForOperator, ModuleError } from '../errors.js';
import type { Log, LogLevel } from './log.js';

/**
 * Logs what made a program give up, once, with what to do about it. `critical`, on which the platform stops the item,
 * is for what only an operator can mend.
 * @returns the level that it was logged at
 */
export function reportError(log: Log, thrown: unknown): LogLevel {
  if (!(thrown instanceof ModuleError)) {
    log.error(`Unexpected error: ${describeError(thrown)}`, {
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    return 'error';
  }
  const { code, advice, status, requestId } = thrown;
  const level = isForOperator(thrown) ? 'critical' : 'error';
  log[level](describeError(thrown), { code, advice, status, requestId });
  return level;
}
