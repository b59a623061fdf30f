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
import type { SignalSource, StopSignal } from './sdk/signals.js';

// While the program is loaded, and once it is done, nothing is under way: a stop is obeyed at once.
const LEAVE_AT_ONCE: Readonly<Record<StopSignal, () => void>> = {
  SIGTERM: () => process.exit(process.exitCode ?? 0),
  SIGINT: () => process.exit(process.exitCode ?? 130),
};

/**
 * What obeys each signal now. The process itself has one listener for each, from here to its end: Node forgets a signal
 * that has arrived, but was not dispatched yet, when its last listener is removed, even if another is added at once.
 */
const obey = { ...LEAVE_AT_ONCE };
process.on('SIGTERM', () => obey.SIGTERM());
process.on('SIGINT', () => obey.SIGINT());

/** Whoever listens takes over. */
const signals: SignalSource = {
  on: (signal, listener) => (obey[signal] = listener),
  off: (signal) => (obey[signal] = LEAVE_AT_ONCE[signal]),
};

// The library that keeps state on S3 warns of versions of Node.js, past the log; which ones work is for us to say.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const [{ triggers, release }, { createUndiciTransport }, { runPlatformCommand }, system] = await Promise.all([
  import('./modules.js'),
  import('./sdk/http/undici-transport.js'),
  import('./sdk/platform-command.js'),
  import('./sdk/system.js'),
]);

system.keepHeapSmall();

// Nobody reads the log any more: no reason to stop delivering.
process.stderr.on('error', () => undefined);

process.exitCode = await runPlatformCommand(triggers, process.argv[2], {
  clock: system.systemClock,
  random: system.systemRandom,
  fileSystem: system.systemFileSystem,
  environment: system.systemEnvironment,
  signals,
  stderr: process.stderr,
  openTransport: () => createUndiciTransport(),
  release,
});
// Whatever still holds the process by now was abandoned on purpose.
setTimeout(() => process.exit(), 1000).unref();
