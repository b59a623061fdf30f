import { describe, expect, it } from '@jest/globals';

import { startProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const newDirectory = temporaryDirectories();

describe('SIGTERM while the program starts', () => {
  // It was lost in nearly every second try where it came just before the trigger took the signals over.
  it.each([1, 2, 3, 4, 5, 6])(
    'is obeyed also as soon as it has said that it starts (try %d)',
    async () => {
      const addresses = { jumpcloudUrl: NOWHERE, intakeUrl: NOWHERE, apiKey: 'synthetic', intakeKey: 'synthetic' };
      const program = startProgram('main.js', [COMMAND], connectorEnvironment(addresses, newDirectory()));
      await program.said('Starting');
      program.child.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ code: 0, signal: null });
    },
    60_000,
  );
});
