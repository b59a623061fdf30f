import { spawnSync } from 'node:child_process';

import { describe } from '@jest/globals';

import { PYTHON } from './start-swift.js';

export { startSwift, type Swift } from './start-swift.js';

const INSTALLED =
  spawnSync(PYTHON, ['-c', 'import swift.proxy.server, swift.obj.mem_server, swift.account.server']).status === 0;

/**
 * `describe` where OpenStack Swift is installed (apt-get install python3-swift);
 * elsewhere the tests are skipped, except in CI, where they must run.
 */
export const describeWithSwift = INSTALLED || process.env['CI'] !== undefined ? describe : describe.skip;
