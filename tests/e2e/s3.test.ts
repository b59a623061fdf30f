import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { startSimulators } from '../../src/simulators/serve.js';
import { startProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { killOnTheWay, momentOf } from '../support/kill-on-the-way.js';
import { s3Environment } from '../support/s3-access.js';
import { seededRandom } from '../support/seeded-random.js';
import { describeWithSwift, startSwift, type Swift } from '../support/swift.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const EVENTS = 30_000;
const KILLS = 4;
const BATCH = 500;
/** Batches of a backlog. */
const PARALLEL = 12;
const UNDER_WAY = PARALLEL * BATCH;

const newDirectory = temporaryDirectories();

describeWithSwift('a connector with its state on S3', () => {
  let swift: Swift;
  beforeAll(async () => {
    swift = await startSwift();
  }, 60_000);
  afterAll(() => swift.stop());

  it('loses nothing to kill -9, and repeats only batches that were under way', async () => {
    const simulators = await startSimulators({
      ...{ events: EVENTS, days: 3, seed: 6, latencyMs: { jumpcloud: 20, sekoia: 10 } },
      generator: { oversizedShare: 0 },
    });
    const environment = {
      ...connectorEnvironment(simulators, newDirectory(), { arguments: { chunk_size: BATCH, page_size: 2000 } }),
      ...s3Environment(swift, 'tenant'),
    };
    try {
      const moments = await killOnTheWay({ simulators, environment, kills: KILLS, random: seededRandom(11) });
      const rest = await startProgram('harness/cli.js', ['run', '--once'], environment).ended;
      expect(rest.code).toBe(0);
      expect(rest.output).toContain('s3://state/tenant');
      expect(rest.output).not.toContain('Warning');
      const account = simulators.account();
      const steps = [...moments, momentOf(simulators)];
      const repeated = steps.map(({ duplicated }, step) => duplicated - (steps[step - 1]?.duplicated ?? 0));
      expect(account).toMatchObject({ held: EVENTS, delivered: EVENTS, lost: 0, unknown: 0 });
      expect(repeated[0]).toBe(0);
      expect(Math.max(...repeated)).toBeLessThanOrEqual(UNDER_WAY);
    } finally {
      await simulators.close();
    }
  }, 180_000);

  it('leaves with a remedy where the bucket is not there', async () => {
    const nowhere = { jumpcloudUrl: 'http://127.0.0.1:9', apiKey: 'key-of-a-test', intakeUrl: 'http://127.0.0.1:9' };
    const environment = connectorEnvironment({ ...nowhere, intakeKey: 'intake-key-of-a-test' }, newDirectory());
    const s3 = s3Environment({ ...swift, bucket: 'not-there' }, '');
    const command = ['JumpcloudDirectoryInsightsConnector'];
    const { code, output } = await startProgram('main.js', command, { ...environment, ...s3 }).ended;
    expect(code).toBe(1);
    const records = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.at(-1)).toMatchObject({ level: 'critical', code: 'STATE_REFUSED' });
    expect(records.at(-1)?.['message']).toContain('Impossible access the object storage s3://not-there');
    expect(records.at(-1)?.['advice']).toContain('Create the bucket');
    expect(output).not.toContain(swift.secretAccessKey);
  });
});
