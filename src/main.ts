#!/usr/bin/env node
/**
 * Entry point in Sekoia's platform: `node dist/main.js <command>`, where the command is the `docker_parameters` of a
 * trigger's declaration. Reads `module_configuration`, `connector_configuration` (or `trigger_configuration`),
 * `intake_url` and `sub_folder` as the platform provides them, and the variables DATA_PATH and LOG_LEVEL.
 *
 * Exit codes: 0 stopped by SIGTERM, 1 failure, 2 configuration, 130 stopped by SIGINT.
 */
import { triggers } from './modules.js';
import { createUndiciTransport } from './sdk/http/undici-transport.js';
import { runPlatformCommand } from './sdk/platform-command.js';
import { systemClock, systemEnvironment, systemFileSystem, systemRandom } from './sdk/system.js';

// Nobody reads the log any more: no reason to stop delivering.
process.stderr.on('error', () => undefined);

process.exitCode = await runPlatformCommand(triggers, process.argv[2], {
  clock: systemClock,
  random: systemRandom,
  fileSystem: systemFileSystem,
  environment: systemEnvironment,
  signals: process,
  stderr: process.stderr,
  openTransport: () => createUndiciTransport(),
});
// Whatever still holds the process by now was abandoned on purpose.
setTimeout(() => process.exit(), 1000).unref();
