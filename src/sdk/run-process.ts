import { createUndiciTransport } from './http/undici-transport.js';
import { runPlatformCommand } from './platform-command.js';
import type { TriggerRegistration } from './registration.js';
import { keepHeapSmall } from './small-heap.js';
import type { SignalSource } from './signals.js';
import { systemClock, systemEnvironment, systemFileReading, systemFileSystem, systemRandom } from './system.js';

/**
 * Runs the command that the first argument of the process names, configured by the platform's files and environment, and ends
 * the process. Exit codes: 0 stopped by SIGTERM, 1 failure, 2 configuration, 130 stopped by SIGINT.
 * @param release product and version, as error reports name them
 */
export async function runProcess(
  triggers: readonly TriggerRegistration[],
  signals: SignalSource,
  release?: string,
): Promise<void> {
  keepHeapSmall();
  // The library that keeps state on S3 warns of versions of Node.js, past the log; which ones work is for us to say.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  // Nobody reads the log any more: no reason to stop delivering.
  process.stderr.on('error', () => undefined);
  process.exitCode = await runPlatformCommand(triggers, process.argv[2], {
    clock: systemClock,
    random: systemRandom,
    fileSystem: systemFileSystem,
    environment: systemEnvironment,
    signals,
    input: process.stdin,
    files: systemFileReading,
    stderr: process.stderr,
    openTransport: () => createUndiciTransport(),
    ...(release !== undefined && { release }),
  });
  // Whatever still holds the process by now was abandoned on purpose.
  setTimeout(() => process.exit(), 1000).unref();
}
