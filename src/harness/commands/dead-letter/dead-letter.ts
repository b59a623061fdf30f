import type { Command } from 'commander';

import type { Finish, HarnessWorld } from '../../world.js';
import { helpText } from '../help.js';
import { addListCommand } from './list.js';
import { addPurgeCommand } from './purge.js';
import { addReplayCommand } from './replay.js';
import { addShowCommand } from './show.js';

/** `dead-letter`: what could not be delivered, and what to do with it. */
export function addDeadLetterCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const group = program
    .command('dead-letter')
    .description('Look at the events that could not be delivered, send them again, or delete them.')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module dead-letter list --playbook playbook.yaml',
          'sekoia-module dead-letter replay --playbook playbook.yaml',
        ],
      }),
    );
  addListCommand(group, world, finish);
  addShowCommand(group, world, finish);
  addReplayCommand(group, world, finish);
  addPurgeCommand(group, world, finish);
}
