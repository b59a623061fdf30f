#!/usr/bin/env node
/**
 * Entry point in Sekoia's platform: `node dist/main.js <command>`, where the command is the `docker_parameters` of a
 * trigger's declaration, or `validate_module_configuration`. Reads `module_configuration`, `connector_configuration` (or `trigger_configuration`),
 * `intake_url`, `sub_folder` and, for state on S3, `file_backend` and its companions as the platform provides them, and the
 * variables DATA_PATH and LOG_LEVEL. With `token` and `url_callback` it fetches the secrets of the account, writes to the log
 * tab, and goes on until it is stopped: what fails is run again.
 *
 * Exit codes: 0 stopped by SIGTERM, 1 failure, 2 configuration, 130 stopped by SIGINT.
 */
// First of all: a signal that comes while the rest is loaded is heard.
import { processSignals } from './sdk/process-signals.js';
import { keepHeapSmall } from './sdk/small-heap.js';

// Before all else is loaded, which would make it grow.
keepHeapSmall();

const [{ triggers, release }, { runProcess }] = await Promise.all([
  import('./modules.js'),
  import('./sdk/run-process.js'),
]);
await runProcess(triggers, processSignals, release);
