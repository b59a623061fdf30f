import { relative, resolve } from 'node:path';

import type { Command } from 'commander';

import { EXIT_CODE } from '../../sdk/exit-code.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import { paintFor, printLine } from '../output.js';
import { writeScaffold } from '../scaffold.js';
import type { Finish, HarnessWorld } from '../world.js';
import { helpText, USUAL_EXIT_CODES } from './help.js';

/** `new`: a module to begin with. */
export function addNewCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const { '0': ok, '1': failed, '2': usage } = USUAL_EXIT_CODES;
  program
    .command('new')
    .description(
      'Write a module of your own: connector, simulator, schemas, Dockerfile and a test that passes. Overwrites nothing.',
    )
    .argument('<name>', 'lower-case words joined by hyphens: acme-audit-log')
    .option('--out <DIR>', 'directory to write to, new or empty (default: ./NAME)')
    .addHelpText(
      'after',
      helpText({
        examples: ['sekoia-module new acme-audit-log', 'sekoia-module new acme-audit-log --out modules/acme'],
        exitCodes: { '0': ok, '1': failed, '2': usage },
      }),
    )
    .action(async (name: string, { out }: { readonly out?: string }) => {
      const { workingDirectory, runnerDirectory, version, stdout, environment, clock } = world;
      const directory = resolve(workingDirectory, out ?? name);
      const date = formatTimestamp(clock.now()).slice(0, 10);
      const files = await writeScaffold({ name, directory, runnerDirectory, version, date });
      const shown = relative(workingDirectory, directory) || '.';
      const paint = paintFor(stdout, environment);
      printLine(stdout, paint('bold', `A module in ${shown}`));
      for (const file of files) printLine(stdout, `  ${file}`);
      printLine(stdout);
      printLine(stdout, paint('dim', 'To try it:'));
      printLine(stdout, `  cd ${shown} && npm install && npm test`);
      printLine(stdout, paint('dim', 'Its README.md says which file to change for what.'));
      finish(EXIT_CODE.ok);
    });
}
