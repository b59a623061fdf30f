/** What the command `sekoia-module` touches of the process, and nothing else. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

import { triggers as ownTriggers } from '../modules.js';
import { describeError } from '../sdk/errors.js';
import { createUndiciTransport } from '../sdk/http/undici-transport.js';
import { systemClock, systemEnvironment, systemFileReading, systemFileSystem, systemRandom } from '../sdk/system.js';
import { registerTriggers, type SekoiaModule } from '../sdk/module.js';
import { exitCodeOf } from '../sdk/exit-code.js';
import { findModule } from './find-module.js';
import { runProgram } from './program.js';

// A reader that has seen enough (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// The library that keeps state on S3 warns of versions of Node.js; which ones work is for us to say.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const packageDirectory = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${packageDirectory}/package.json`, 'utf8')) as { version: string };

/** What people are asked goes to standard error: standard output is for results. */
async function ask(question: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  try {
    return await Promise.race([terminal.question(question), left]);
  } finally {
    terminal.close();
  }
}

const somebodyIsThere = process.stdin.isTTY && process.stderr.isTTY;

/** The module of the working directory, where that is the package of one. */
let module: SekoiaModule | undefined;
let triggers = ownTriggers;
try {
  module = await findModule(process.cwd());
  if (module !== undefined) triggers = await registerTriggers(module, systemFileSystem);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(exitCodeOf(error));
}

process.exitCode = await runProgram(process.argv.slice(2), {
  clock: systemClock,
  random: systemRandom,
  fileSystem: systemFileSystem,
  environment: systemEnvironment,
  signals: process,
  input: process.stdin,
  files: systemFileReading,
  stdout: process.stdout,
  stderr: process.stderr,
  openTransport: () => createUndiciTransport(),
  workingDirectory: process.cwd(),
  packageDirectory: module?.directory ?? packageDirectory,
  runnerDirectory: packageDirectory,
  version,
  triggers,
  ...(module && { module }),
  ...(somebodyIsThere && { ask }),
});
// Whatever still holds the process by now was abandoned on purpose.
setTimeout(() => process.exit(), 1000).unref();
