import type { World } from '../sdk/launch-trigger.js';
import type { OutputStream } from '../sdk/observability/terminal.js';
import type { ExitCode } from '../sdk/exit-code.js';
import type { SekoiaModule } from '../sdk/module.js';
import type { TriggerRegistration } from '../sdk/registration.js';

/** The world as the runner's commands see it. */
export interface HarnessWorld extends World {
  /** Where results go; what is said along the way goes to `stderr`. */
  readonly stdout: OutputStream;
  /** Relative paths begin here. */
  readonly workingDirectory: string;
  /** Where `manifest.json`, `triggers/` and `schemas/` of the module are. */
  readonly packageDirectory: string;
  /** Where this runner's own package is, with `examples/`. */
  readonly runnerDirectory: string;
  readonly version: string;
  readonly triggers: readonly TriggerRegistration[];
  /** The module that is run, where it is another one than this package's own. */
  readonly module?: SekoiaModule;
  /**
   * Asks whoever sits at the terminal; undefined where nobody does.
   * @returns what was typed; undefined where they left instead (Ctrl-C, Ctrl-D)
   */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

/** A command's way to say with which status the process shall leave. */
export type Finish = (code: ExitCode) => void;
