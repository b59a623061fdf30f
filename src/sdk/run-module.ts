import { createUndiciTransport } from './http/undici-transport.js';
import { type SekoiaModule, registerTriggers } from './module.js';
import { runPlatformCommand } from './platform-command.js';
import { keepHeapSmall, systemClock, systemEnvironment, systemFileSystem, systemRandom } from './system.js';

/**
 * The entry point of a module's container, and all that its `main.ts` has to call: runs the trigger that the first argument
 * of the process names, configured by the platform's files and environment, and ends the process.
 *
 * Exit codes: 0 stopped by SIGTERM, 1 failure, 2 configuration, 130 stopped by SIGINT.
 */
export async function runModule(module: SekoiaModule): Promise<void> {
  keepHeapSmall();
  // The library that keeps state on S3 warns of versions of Node.js, past the log; which ones work is for us to say.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  // Nobody reads the log any more: no reason to stop delivering.
  process.stderr.on('error', () => undefined);
  process.exitCode = await runPlatformCommand(await registerTriggers(module, systemFileSystem), process.argv[2], {
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
}
