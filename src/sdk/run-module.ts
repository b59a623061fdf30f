import { type SekoiaModule, registerTriggers } from './module.js';
import { processSignals } from './process-signals.js';
import { runProcess } from './run-process.js';
import { systemFileSystem } from './system.js';

/**
 * The entry point of a module's container, and all that its `main.ts` has to call: runs the trigger that the first argument
 * of the process names, configured by the platform's files and environment, and ends the process.
 *
 * Exit codes: 0 stopped by SIGTERM, 1 failure, 2 configuration, 130 stopped by SIGINT.
 */
export async function runModule(module: SekoiaModule): Promise<void> {
  await runProcess(await registerTriggers(module, systemFileSystem), processSignals);
}
