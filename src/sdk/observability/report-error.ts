import { describeError, ModuleError } from '../errors.js';
import type { Log } from './log.js';

/**
 * Logs what made a program give up, once, with what to do about it. `critical`, on which the platform stops the item,
 * is for what only an operator can mend.
 */
export function reportError(log: Log, thrown: unknown): void {
  if (!(thrown instanceof ModuleError)) {
    log.error(`Unexpected error: ${describeError(thrown)}`, {
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    return;
  }
  const { code, advice, status, requestId, audience, retryable } = thrown;
  const level = audience === 'operator' && !retryable ? 'critical' : 'error';
  log[level](describeError(thrown), { code, advice, status, requestId });
}
