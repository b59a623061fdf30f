import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { startLoopbackServer } from '../../src/simulators/http/server.js';
import { createIntake, MAX_REQUEST_BYTES } from '../../src/simulators/sekoia/intake.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { type RunningProgram, startProgram } from '../support/built-program.js';
import { NO_PORTS } from '../support/connector-environment.js';
import { type S3Fault, type ScriptedS3, startScriptedS3 } from '../support/scripted-s3.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsStorageConnector';
const BATCH = 100;
/** Four batches, as docs/storage.md says. */
const UNDER_WAY = 4 * BATCH;
const SMALL_OBJECTS = 60;
const EVENTS_EACH = 5;
const LARGE = 'b-large';
/** Too large to be fetched before its turn. */
const LARGE_EVENTS = 6000;
const PAGE = '25';

/** What the intake does with a request: `take` it, take it and give `no answer`, or `ignore` it. */
type Treatment = 'take' | 'no answer' | 'ignore';

const newDirectory = temporaryDirectories();

describe('kill -9 of the storage connector', () => {
  let s3: ScriptedS3;
  let intake: ReturnType<typeof createIntake>;
  let server: Awaited<ReturnType<typeof startLoopbackServer>>;
  let treat: (request: number) => Treatment;
  /** Of this run. */
  let requests: number;

  beforeEach(async () => {
    intake = createIntake();
    server = await startLoopbackServer({
      ...{ maxBodyBytes: MAX_REQUEST_BYTES, gzip: false },
      handle: (request) => {
        requests += 1;
        const treatment = treat(requests);
        if (treatment === 'take') return intake.handle(request);
        if (treatment === 'no answer') intake.handle(request);
        return new Promise(() => undefined);
      },
    });
    s3 = await startScriptedS3();
  });
  afterEach(async () => {
    await s3.close();
    await server.close();
  });

  it('in a listing and in an object loses nothing, and repeats only batches that were under way', async () => {
    const names = Array.from({ length: SMALL_OBJECTS }, (_, n) => `a-${String(n).padStart(3, '0')}`);
    const texts = [
      ...names.flatMap((name) => fill(name, EVENTS_EACH)),
      ...fill(LARGE, LARGE_EVENTS),
      ...names.flatMap((name) => fill(`c${name}`, EVENTS_EACH)),
    ];
    const dataPath = newDirectory();
    const repeats: number[] = [];
    const run = async (faults: { treat?: typeof treat; storage?: S3Fault }, isFarEnough: () => boolean) => {
      requests = 0;
      treat = faults.treat ?? (() => 'take');
      s3.fault = (request, ...rest) => {
        request.query.set('max-keys', PAGE);
        return faults.storage?.(request, ...rest);
      };
      const program = start(dataPath);
      await until(program, isFarEnough);
      program.child.kill('SIGKILL');
      expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
      repeats.push(intake.received.events - intake.received.distinct);
    };
    const { received } = intake;
    const document = join(dataPath, 'objects.json');
    const state = (): string => (existsSync(document) ? readFileSync(document, 'utf8') : '');

    // In a listing: its third page does not come. Of what was read, the first batch is lost and the second one durable.
    let pages = 0;
    await run(
      {
        treat: (request) => (request === 1 ? 'ignore' : 'take'),
        storage: ({ key }) => key === '' && (pages += 1) === 3,
      },
      () => pages === 3 && requests > 1 && state() !== '',
    );
    expect(received.events).toBe(BATCH);

    // In an object, of which half comes. A batch in it is lost, of those behind it many are durable.
    const half = LARGE_EVENTS / 2;
    await run(
      {
        treat: (request) => (request === 12 ? 'ignore' : 'take'),
        storage: ({ key }, response) => key === LARGE && giveHalf(s3, response),
      },
      () => received.distinct > half - BATCH && state().includes(LARGE),
    );

    // In the same object, where batches were taken and nothing said so.
    const before = received.events;
    const silentFrom = 8;
    await run({ treat: (request) => (request < silentFrom ? 'take' : 'no answer') }, () => requests === silentFrom + 3);
    expect(received.events).toBe(before + (silentFrom + 3) * BATCH);

    [requests, treat, s3.fault] = [0, () => 'take', undefined];
    expect(await startProgram('harness/cli.js', ['run', COMMAND, '--once'], environment(dataPath)).ended).toMatchObject(
      { code: 0 },
    );
    repeats.push(received.events - received.distinct);
    const lost = texts.filter((text) => received.count(text) === 0).map((text) => text.slice(0, 20));
    expect(lost).toEqual([]);
    expect(received.distinct).toBe(texts.length);
    const steps = repeats.map((count, step) => count - (repeats[step - 1] ?? 0));
    process.stdout.write(`repeated after each kill: ${steps.join(', ')}\n`);
    expect(steps[0]).toBe(0);
    for (const count of steps) expect(count).toBeLessThanOrEqual(UNDER_WAY);
    // What was taken in silence had to be.
    expect(steps.at(-1)).toBe(UNDER_WAY);
  }, 120_000);

  function fill(name: string, count: number): string[] {
    const texts = Array.from({ length: count }, (_, n) =>
      JSON.stringify({
        id: `${name}-${n}`,
        timestamp: '2030-01-02T03:04:05Z',
        service: 'sso',
        filling: 'x'.repeat(200),
      }),
    );
    s3.put(name, `${texts.join('\n')}\n`);
    return texts;
  }

  function environment(dataPath: string): Record<string, string> {
    const { bucket, endpoint, region, accessKeyId, secretAccessKey } = s3;
    const access = { bucket, endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey };
    return {
      MODULE_CONFIGURATION: '{}',
      CONNECTOR_CONFIGURATION: JSON.stringify({ intake_key: SYNTHETIC_INTAKE_KEY, chunk_size: BATCH, ...access }),
      INTAKE_URL: server.url,
      DATA_PATH: dataPath,
      ...NO_PORTS,
    };
  }

  function start(dataPath: string): RunningProgram {
    return startProgram('main.js', [COMMAND], environment(dataPath));
  }
});

function giveHalf(s3: ScriptedS3, response: Parameters<S3Fault>[1]): true {
  const { content, etag } = s3.objects.get(LARGE)!;
  response.writeHead(200, { 'content-length': content.length, etag });
  response.write(content.subarray(0, content.length / 2));
  return true;
}

async function until({ child, ended }: RunningProgram, isFarEnough: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 40_000; !isFarEnough();) {
    await wait(2);
    if (child.exitCode !== null) throw new Error(`the connector ended by itself: ${(await ended).output}`);
    if (Date.now() > deadline) throw new Error('the connector does not get that far');
  }
}
