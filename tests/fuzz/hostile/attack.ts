import { createSeededRandom } from '../../../src/simulators/random.js';
import { apiAnswers } from './api-answers.js';
import { compressedAnswers } from './compressed-answers.js';
import { deadLetters } from './dead-letters.js';
import { intakeAnswers } from './intake-answers.js';
import { playbooks } from './playbooks.js';
import { stateFiles } from './state-files.js';
import type { Target } from './target.js';

/** Every part that reads what others wrote. A seed attacks the one that its remainder names. */
export const TARGETS: readonly Target[] = [
  ...[apiAnswers, intakeAnswers, playbooks, stateFiles, deadLetters, compressedAnswers],
];

/** Far above what any case needs, in bytes outside of the heap; the heap is bounded by the worker. */
const MOST_EXTERNAL_BYTES = 512 * 1024 * 1024;
/** How often memory is looked at, cases. */
const LOOK_EVERY = 500;

const SHARED = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Promise.prototype,
];
const namesOf = (): string => SHARED.map((each) => Reflect.ownKeys(each).map(String).join()).join(';');
const HONEST_NAMES = namesOf();

/** @returns what is wrong with how a case is taken; undefined where nothing is */
export async function attack(seed: number, targets: readonly Target[] = TARGETS): Promise<string | undefined> {
  const target = targets[seed % targets.length] as Target;
  let fault: string | undefined;
  try {
    fault = await target.attack(createSeededRandom(seed));
  } catch (error) {
    fault = `it throws ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  if (namesOf() !== HONEST_NAMES) fault = 'a prototype that all share was changed';
  if (seed % LOOK_EVERY < targets.length && process.memoryUsage().external > MOST_EXTERNAL_BYTES)
    fault = 'memory is not given back';
  return fault === undefined ? undefined : `${target.name}: ${fault}`;
}
