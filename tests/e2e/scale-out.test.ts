import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { startSimulators } from '../../src/simulators/serve.js';
import { makeCertificates } from '../support/certificates.js';
import { startProgram, type RunningProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { describeWithRedis, startRedis } from '../support/redis.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const EVENTS = 60_000;
const BATCH = 500;
/** Four batches of each of the four slices that a worker has at a time. */
const UNDER_WAY = 4 * 4 * BATCH;

/** Those that docs/scale-out.md names. */
const LEAST_RIGHTS = '~sekoia-module:* &* +@all -@admin -@dangerous +info +client|list +client|setname';

const newDirectory = temporaryDirectories();

describeWithRedis('a backfill that workers share', () => {
  it('is complete over TLS, proven by counts, although a worker is killed and Redis restarted on the way', async () => {
    const certificates = newDirectory();
    makeCertificates(certificates);
    const users = join(certificates, 'users.acl');
    writeFileSync(users, `user default off ~* &* +@all\nuser worker on >a-password-of-redis ${LEAST_RIGHTS}\n`);
    const redis = await startRedis(['--aclfile', users], certificates);
    const url = redis.url.replace('//', '//worker:${REDIS_PASSWORD}@');
    const simulators = await startSimulators({
      ...{ events: EVENTS, days: 20, seed: 5, latencyMs: { jumpcloud: 50, sekoia: 5 } },
      generator: { oversizedShare: 0 },
    });
    const trust = { NODE_EXTRA_CA_CERTS: join(certificates, 'authority.pem') };
    const startWith = (trusted: Partial<typeof trust>, command: string, ...args: readonly string[]): RunningProgram =>
      startProgram('harness/cli.js', [command, '--queue', url, ...args], {
        ...connectorEnvironment(simulators, newDirectory(), {
          arguments: { chunk_size: BATCH, page_size: 2000, requests_per_second: 100 },
        }),
        REDIS_PASSWORD: 'a-password-of-redis',
        ...trusted,
      });
    const start = startWith.bind(undefined, trust);
    const running: RunningProgram[] = [];
    try {
      const coordinator = start('backfill', '--from', '21d', '--json');
      const [killed, survivor] = [start('worker'), start('worker')];
      running.push(coordinator, killed, survivor);
      const stranger = startWith({}, 'worker');
      running.push(stranger);
      const reach = async (delivered: number): Promise<void> => {
        while (simulators.account().delivered < delivered) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await reach(EVENTS * 0.1);
      killed.child.kill('SIGKILL');
      await reach(EVENTS * 0.3);
      await redis.restart();
      const { code, output } = await coordinator.ended;
      survivor.child.kill('SIGTERM');
      const left = await survivor.ended;
      expect(code).toBe(0);
      expect(output).toContain('"proven": true');
      expect(left.code).toBe(0);
      expect(await stranger.ended).toMatchObject({
        code: 1,
        output: expect.stringMatching(/certificate.*\n.*EXTRA_CA/),
      });
      expect(output + left.output).not.toContain('a-password-of-redis');
      const account = simulators.account();
      expect(account).toMatchObject({ held: EVENTS, delivered: EVENTS, lost: 0, unknown: 0 });
      expect(account.duplicated).toBeLessThanOrEqual(2 * UNDER_WAY);
    } finally {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      await simulators.close();
      await redis.stop();
    }
  }, 120_000);
});
