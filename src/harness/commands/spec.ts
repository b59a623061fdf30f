import type { Command } from 'commander';

import { EXIT_CODE } from '../../sdk/exit-code.js';
import { printJson } from '../output.js';
import { readDeclarations } from '../../sdk/configuration/declarations.js';
import type { Finish, HarnessWorld } from '../world.js';
import { helpText, USUAL_EXIT_CODES } from './help.js';

/** `spec`: what the platform reads of this module. */
export function addSpecCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const { '0': ok, '1': failed, '2': usage } = USUAL_EXIT_CODES;
  program
    .command('spec')
    .description('Print manifest, triggers and schemas as one JSON document, all references resolved.')
    .addHelpText(
      'after',
      helpText({
        examples: ['sekoia-module spec', 'sekoia-module spec | jq .triggers[0].arguments.properties'],
        exitCodes: { '0': ok, '1': failed, '2': usage },
      }),
    )
    .action(async () => {
      const { manifest, triggers, schemas } = await readDeclarations(world.packageDirectory, world.fileSystem);
      printJson(world.stdout, { manifest, triggers: triggers.map(({ document }) => document), schemas });
      finish(EXIT_CODE.ok);
    });
}
