import { ConfigurationError, type ConfigurationProblem } from '../errors.js';

/** What was read, or what is wrong with it. */
export interface Settled<T> {
  readonly value: T | undefined;
  readonly problems: readonly ConfigurationProblem[];
}

/** Turns a rejection for configuration into a value, so that it is reported with others; any other rejection goes on. */
export async function settle<T>(pending: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await pending, problems: [] };
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return { value: undefined, problems: thrown.problems };
    throw thrown;
  }
}
