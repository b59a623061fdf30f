import { isJsonObject, type JsonObject } from '../configuration/json.js';
import type { ModuleError } from '../errors.js';
import { retry } from '../http/retry.js';
import { askPlatform, type PlatformSpeaker } from './ask-platform.js';

/** 2, 4, 8, ... seconds between ten tries. */
const POLICY = {
  firstDelayMs: 2_000,
  longestDelayMs: Infinity,
  deadlineMs: Infinity,
  longestStatedWaitMs: 30_000,
  mostAttempts: 10,
};
const NO_CHANCE = (): number => 1;

/** What became of a task. */
export type TaskState =
  | { readonly status: 'running' }
  | { readonly status: 'finished'; readonly results: JsonObject; readonly error?: string };

/**
 * Tells the platform how far a task is.
 * @returns its answer, which may hold secrets; empty where there is none
 * @throws ModuleError at once for any 4xx, else after ten tries
 */
export async function tellTaskState(
  { url, state, requested }: { readonly url: string; readonly state: TaskState; readonly requested: AbortSignal },
  speaker: PlatformSpeaker,
): Promise<JsonObject> {
  const answer = await retry(() => askPlatform({ method: 'PATCH', url, body: state, signal: requested }, speaker), {
    policy: POLICY,
    clock: speaker.clock,
    random: NO_CHANCE,
    requested,
    isWorthIt: isNoFaultOfOurs,
  });
  return isJsonObject(answer) ? answer : {};
}

function isNoFaultOfOurs({ status = 500 }: ModuleError): boolean {
  return status < 400 || status >= 500;
}
