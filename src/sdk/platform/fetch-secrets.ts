import { isJsonObject, type JsonObject } from '../configuration/json.js';
import { createLayer, type LoadedSection } from '../configuration/layer.js';
import { ModuleError } from '../errors.js';
import { retry } from '../http/retry.js';
import type { Log } from '../observability/log.js';
import { askPlatform, type PlatformSpeaker } from './ask-platform.js';

/** 1, 2, 4, 8, 10, 10, ... seconds; a wait that is asked for is not let grow so long that the probe takes us for dead. */
const POLICY = {
  firstDelayMs: 1_000,
  longestDelayMs: 10_000,
  deadlineMs: Infinity,
  longestStatedWaitMs: 30_000,
  mostAttempts: 10,
};
/** The waits are the platform's own. */
const NO_CHANCE = (): number => 1;

export interface SecretsRequest {
  readonly url: string;
  readonly log: Log;
  /** Ends the waits. */
  readonly requested: AbortSignal;
}

/**
 * Asks the platform for the secrets of the account.
 * @throws ModuleError of the tenth failure, whatever it was
 */
export function fetchSecrets({ url, log, requested }: SecretsRequest, speaker: PlatformSpeaker): Promise<JsonObject> {
  const ask = async (): Promise<JsonObject> => {
    const answer = await askPlatform({ method: 'GET', url, signal: requested }, speaker);
    const value = isJsonObject(answer) ? answer['value'] : undefined;
    if (isJsonObject(value)) return value;
    throw new ModuleError('PLATFORM_ANSWER_INVALID', `${new URL(url).host} answered without the secrets`, {
      advice: 'If it lasts, tell the support of Sekoia.io.',
    });
  };
  return retry(ask, {
    policy: POLICY,
    clock: speaker.clock,
    random: NO_CHANCE,
    requested,
    isWorthIt: () => true,
    onRetry: ({ error, attempt, delayMs }) =>
      log.warning(
        `The secrets of the account cannot be had yet: ${error.message}; try ${attempt + 1} in ${delayMs / 1000} s`,
        { code: error.code },
      ),
  });
}

/**
 * Lays secrets over what the platform left of the account. Of a secret it may leave nothing, null, an empty text or a mask:
 * none of these may pass for the value.
 */
export function withSecrets(account: LoadedSection, names: readonly string[], secrets: JsonObject): LoadedSection {
  const layers = account.layers.map(({ values, originOf }) => ({
    values: Object.fromEntries(
      Object.entries(values).filter(([name, value]) => !(names.includes(name) && isMask(value))),
    ),
    originOf,
  }));
  return { ...account, layers: [...layers, createLayer(secrets, 'the secrets of the account')] };
}

function isMask(value: unknown): boolean {
  return typeof value === 'string' && /^[*•●]+$/.test(value.trim());
}
