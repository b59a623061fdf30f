import type { CheckedIntake } from '../intake/check-intake.js';
import type { StreamFilter } from './other-stream.js';

/** A trigger that reads stored objects of events, told in what is special about it. */
export interface StoredTriggerDefinition {
  /** The command of the trigger: `docker_parameters` of its declaration. */
  readonly command: string;
  /** Whose events they are, as names of metrics have it. */
  readonly vendor: string;
  /** Product and version. */
  readonly userAgent: string;
  /** Members of an event's top level that are left whole where a copy of an oversized event is trimmed. */
  readonly protectedMembers: readonly string[];
  /** Gives an event's text the form of the source's API, in place, where an export has changed it. */
  readonly restore?: (text: Uint8Array) => void;
  /** Reads which events a connector collects out of how it describes its stream; undefined where that is not understood. */
  readonly filterOf: (stream: string) => StreamFilter | undefined;
  readonly foreignKey?: CheckedIntake['foreignKey'];
}
