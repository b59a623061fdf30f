import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { jumpcloudDirectoryInsightsStorageConnector } from '../../src/jumpcloud/storage-connector.js';
import { storageConnectorArgumentsSchema } from '../../src/jumpcloud/configuration.generated.js';
import { describeError, ModuleError } from '../../src/sdk/errors.js';
import { Liveness } from '../../src/sdk/observability/liveness.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import { systemClock } from '../../src/sdk/system.js';
import { defaultsOf } from '../support/connector-world.js';
import { RecordingDestination, type RecordingDestinationOptions, unsettled } from '../support/recording-destination.js';
import { seededRandom } from '../support/seeded-random.js';
import { refuseSqs, type SqsFault } from '../support/sqs-peer.js';
import { LIST_EVERY_MS, notification, type SqsRig, startSqsRig } from '../support/sqs-rig.js';
import { exported } from '../support/stored-rig.js';

const { signal } = new AbortController();
const idsOf = ({ acknowledged }: RecordingDestination): string[] =>
  acknowledged.map((text) => (JSON.parse(text) as { id: string }).id);
const down = (): ModuleError => new ModuleError('DESTINATION_UNAVAILABLE', 'It is down');

const ACCESS_DENIED = { type: 'AccessDeniedException', query: 'AccessDenied' };
const KMS_DENIED = { type: 'KmsAccessDenied', query: 'KMS.AccessDeniedException' };
const DAMAGED = JSON.stringify({
  Messages: [{ MessageId: '1', ReceiptHandle: 'r', MD5OfBody: '0'.repeat(32), Body: 'x' }],
});

describe('a queue that tells of new objects', () => {
  let rig: SqsRig;
  let destination: RecordingDestination;
  beforeEach(async () => {
    rig = await startSqsRig();
    destination = new RecordingDestination();
  });
  afterEach(() => rig.close());

  const put = (name: string, ...ids: string[]): void => rig.s3.put(name, ids.map((id) => exported(id)).join('\n'));
  const asked = (action: string): number => rig.peer.requests.filter((request) => request.action === action).length;
  const gets = (name: string): number => rig.s3.requests.filter(({ key }) => key === name).length;
  /** A run that has listed and waits for messages. */
  async function waiting(options: Parameters<SqsRig['start']>[0] = {}) {
    const polls = asked('ReceiveMessage');
    const started = await rig.start({ destination, ...options });
    await rig.until(() => asked('ReceiveMessage') > polls);
    return started;
  }
  async function end({ stop, run }: Awaited<ReturnType<SqsRig['start']>>): Promise<void> {
    stop.request();
    await run;
  }

  it('has what was written delivered, in whatever form it tells', async () => {
    const started = await waiting();
    put('in/a b+c%é.json', '1');
    put('in/sns', '2');
    put('in/bridge + é', '3');
    rig.peer.send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'state' }));
    rig.peer.send(notification('in/removed', { eventName: 'ObjectRemoved:Delete' }));
    rig.peer.send(notification('in/a b+c%é.json'));
    rig.peer.send(JSON.stringify({ Type: 'Notification', Message: notification('in/sns') }));
    const detail = { bucket: { name: 'state' }, object: { key: 'in/bridge + é', etag: 'x' } };
    rig.peer.send(JSON.stringify({ source: 'aws.s3', 'detail-type': 'Object Created', detail }));
    await rig.until(() => rig.peer.messages.length === 0);
    await end(started);
    expect(idsOf(destination).sort()).toEqual(['1', '2', '3']);
    expect(started.log.at('warning')).toEqual([]);
  });

  it('loses a message only when the events are acknowledged, and that is durable', async () => {
    const steps: string[] = [];
    const inner = createMemoryStorage();
    const storage: Storage = {
      ...inner,
      write: async (name, content) => {
        await inner.write(name, content);
        if (name === 'objects.json') steps.push('durable');
      },
    };
    const script: RecordingDestinationOptions['script'] = () => {
      steps.push('acknowledged');
      return Promise.resolve({ rejections: [], unsettled: [] });
    };
    const started = await waiting({ storage, destination: new RecordingDestination({ script }) });
    steps.length = 0;
    rig.peer.fault = ({ action }) => {
      if (action === 'DeleteMessageBatch') steps.push('removed');
      return false;
    };
    put('in/a', '1');
    rig.peer.send(notification('in/a'));
    await rig.until(() => rig.peer.messages.length === 0);
    await end(started);
    expect(steps[0]).toBe('acknowledged');
    expect(steps.at(-1)).toBe('removed');
    expect(steps.slice(1, -1)).toContain('durable');
    expect(steps.filter((step) => step === 'removed')).toHaveLength(1);
  });

  it('tells again where the process ended before the events were acknowledged', async () => {
    const storage = createMemoryStorage();
    const dying = new RecordingDestination({ script: () => new Promise(() => undefined) });
    await waiting({ storage, destination: dying });
    put('in/a', '1');
    rig.peer.send(notification('in/a'));
    await rig.until(() => dying.batches.length === 1);
    rig.kill();
    const next = await waiting({ storage });
    await rig.until(() => rig.peer.messages.length === 0);
    await end(next);
    expect(idsOf(destination)).toEqual(['1']);
  });

  it('tells again where the process ended before the message was removed, and nothing is read or sent twice', async () => {
    const storage = createMemoryStorage();
    rig.peer.fault = ({ action }) => action === 'DeleteMessageBatch';
    const first = await waiting({ storage });
    put('in/a', '1');
    const eTag = rig.s3.objects.get('in/a')?.etag.replaceAll('"', '') ?? '';
    rig.peer.send(notification('in/a', { eTag }));
    await rig.until(() => asked('DeleteMessageBatch') === 1);
    first.stop.force();
    await first.run;
    rig.peer.fault = undefined;
    const next = await waiting({ storage });
    await rig.until(() => rig.peer.messages.length === 0);
    await end(next);
    expect(idsOf(destination)).toEqual(['1']);
    expect(gets('in/a')).toBe(1);
  });

  // A run that is to end by itself gives up after five minutes.
  it.each([
    { once: false, downForMs: 3_600_000 },
    { once: true, downForMs: 290_000 },
  ])('is asked once for a message, however long the destination is down (once: $once)', async ({ once, downForMs }) => {
    const upAt = rig.clock.monotonic() + downForMs;
    const script: RecordingDestinationOptions['script'] = (batch) =>
      Promise.resolve(rig.clock.monotonic() < upAt ? unsettled(batch, down()) : { rejections: [], unsettled: [] });
    destination = new RecordingDestination({ script });
    put('in/a', '1');
    // The listing does not show it yet.
    rig.s3.fault = ({ key, query }, response) => {
      if (key !== '' || !query.has('list-type')) return false;
      response.writeHead(200).end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
      return true;
    };
    rig.peer.send(notification('in/a'));
    const started = await rig.start({ destination, once });
    let receives = 0;
    await rig.until(() => {
      receives = Math.max(receives, ...rig.peer.messages.map((message) => message.receives));
      return rig.peer.messages.length === 0;
    });
    if (!once) started.stop.request();
    let isEnded = false;
    void started.run.then(() => (isEnded = true));
    await rig.until(() => isEnded);
    expect(idsOf(destination)).toEqual(['1']);
    expect(receives).toBe(1);
  });

  it('shows nobody else a message while its object is read and delivered', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const script: RecordingDestinationOptions['script'] = async () => {
      await opened;
      return { rejections: [], unsettled: [] };
    };
    const started = await waiting({ destination: new RecordingDestination({ script }) });
    put('in/large', '1');
    rig.peer.send(notification('in/large'));
    const other = await rig.queue();
    await rig.until(() => asked('ChangeMessageVisibilityBatch') === 10);
    expect((await other.receive(signal, 0)).messages).toEqual([]);
    expect(rig.peer.messages).toMatchObject([{ receives: 1 }]);
    open();
    await rig.until(() => rig.peer.messages.length === 0);
    const holds = asked('ChangeMessageVisibilityBatch');
    await rig.clock.advance(600_000);
    expect(asked('ChangeMessageVisibilityBatch')).toBe(holds);
    await end(started);
    expect(rig.troubles).toEqual([]);
  });

  it('is told of where messages can neither be held nor removed, and goes on', async () => {
    const denied = new Set(['ChangeMessageVisibilityBatch', 'DeleteMessageBatch']);
    const failed =
      (code: string): SqsFault =>
      ({ action }, response) => {
        if (!denied.has(action)) return false;
        const Failed = [{ Id: '0', Code: code, SenderFault: true }];
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ Failed }));
        return true;
      };
    rig.peer.fault = failed('InternalError');
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const script: RecordingDestinationOptions['script'] = async () => {
      await opened;
      return { rejections: [], unsettled: [] };
    };
    destination = new RecordingDestination({ script });
    const started = await waiting();
    put('in/a', '1');
    rig.peer.send(notification('in/a'));
    await rig.until(() => rig.troubles.length === 1);
    open();
    await rig.until(() => rig.troubles.length === 2);
    expect(rig.troubles.map(({ message }) => message)).toEqual([
      `Cannot hold a message of ${rig.peer.url} (InternalError)`,
      `Cannot remove a message of ${rig.peer.url} (InternalError)`,
    ]);
    rig.peer.fault = undefined;
    // It comes again, and nothing of it is sent again.
    await rig.until(() => rig.peer.messages.length === 0);
    await end(started);
    expect(idsOf(destination)).toEqual(['1']);
  });

  it('may hold messages that nobody understands, or that tell of nothing: each is told of, none is in the way', async () => {
    const started = await waiting();
    for (let n = 0; n < 12; n += 1) rig.peer.send(`garbage ${n}`);
    rig.peer.send(notification('in/x', { bucket: 'another' }));
    rig.peer.send(notification('beside'));
    rig.peer.send(notification('in/gone'));
    put('in/good', '1');
    rig.peer.send(notification('in/good'));
    await rig.until(() => destination.acknowledged.length === 1);
    const unknown = (): { receives: number }[] => [...rig.peer.messages];
    await rig.until(() => unknown().length === 13 && unknown().every(({ receives }) => receives >= 3));
    await end(started);
    expect(started.log.at('warning')).toEqual([
      expect.stringContaining('not a JSON object'),
      expect.stringContaining('about the bucket "another"'),
      expect.stringContaining('outside of prefix are removed, such as one about beside'),
      expect.stringContaining('not there any more: in/gone'),
    ]);
  });

  it('gives connections back of objects that were read already', async () => {
    put('in/a', '1');
    const started = await waiting();
    // A large one: its answer does not end before it was read.
    rig.s3.fault = ({ key }, response) => {
      const { etag } = rig.s3.objects.get(key) ?? {};
      if (etag === undefined) return false;
      response.writeHead(200, { 'content-length': 1e9, etag }).write('x');
      return true;
    };
    // More than the client library has connections; which version they are about is not said.
    for (let n = 0; n < 60; n += 1) rig.peer.send(notification('in/a'));
    await rig.until(() => rig.peer.messages.length === 0);
    await end(started);
    expect(idsOf(destination)).toEqual(['1']);
  });

  it('may have lost a message: the listing finds the object', async () => {
    const started = await waiting();
    put('in/a', '1');
    await rig.clock.advance(LIST_EVERY_MS / 2);
    expect(destination.acknowledged).toEqual([]);
    await rig.until(() => destination.acknowledged.length === 1);
    expect(rig.clock.monotonic()).toBeGreaterThanOrEqual(LIST_EVERY_MS);
    await end(started);
  });

  it('may be silent for long: that is no reason to start the process anew, and nothing is owed', async () => {
    const liveness = new Liveness(rig.clock);
    const started = await waiting();
    liveness.begin(20_000, started.log.log);
    const polls = asked('ReceiveMessage');
    let heard = started.told.length;
    await rig.until(() => {
      for (const event of started.told.slice(heard)) liveness.hear(event);
      heard = started.told.length;
      return asked('ReceiveMessage') === polls + 55;
    });
    expect(liveness.answer('/health').status).toBe(200);
    const caughtUp = started.told.findLast((event) => event.kind === 'caught-up');
    expect(rig.clock.now() - (caughtUp?.toMs ?? 0)).toBeLessThan(60_000);
    await end(started);
  });

  it('is left at once at a stop, in the middle of a long poll', async () => {
    const started = await waiting();
    await end(started);
    await rig.until(() => rig.peer.abandoned === 1);
    expect(started.log.at('warning')).toEqual([]);
  });

  const refused =
    (...given: [number, string | { type: string; query: string }]): SqsFault =>
    (_, response) =>
      refuseSqs(response, ...given);
  const says =
    (text: string): SqsFault =>
    (_, response) =>
      Boolean(response.end(text));
  it.each<[string, SqsFault, string, string]>([
    ['a 403', refused(403, 'AccessDenied'), 'SOURCE_ROLE_REFUSED', 'sqs:GetQueueAttributes'],
    ['a 400', refused(400, ACCESS_DENIED), 'SOURCE_ROLE_REFUSED', 'sqs:ReceiveMessage'],
    ['no key', refused(400, KMS_DENIED), 'SOURCE_ROLE_REFUSED', 'kms:Decrypt'],
    ['too fast', refused(400, 'RequestThrottled'), 'SOURCE_RATE_LIMITED', 'tried again'],
    ['too many hidden', refused(403, 'OverLimit'), 'SOURCE_RATE_LIMITED', 'tried again'],
    ['an old token', refused(400, 'ExpiredToken'), 'SOURCE_CREDENTIAL_REFUSED', 'access_key_id'],
    ['trouble', refused(500, 'InternalFailure'), 'SOURCE_UNAVAILABLE', 'tried again'],
    ['a page', says('<html>log in</html>'), 'SOURCE_ANSWER_INVALID', 'queue_url'],
    ['a wrong checksum', says(DAMAGED), 'SOURCE_ANSWER_INVALID', 'queue_url'],
    ['a broken connection', (_, response) => Boolean(response.destroy()), 'SOURCE_UNREACHABLE', 'Check'],
  ])('that answers with %s is an error with advice', async (_, fault, code, advice) => {
    const queue = await rig.queue({ clock: systemClock });
    rig.peer.fault = fault;
    const error: unknown = await queue.receive(signal, 0).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, advice: expect.stringContaining(advice) });
    expect(describeError(error)).toContain(rig.peer.url);
    expect(describeError(error)).not.toContain(rig.peer.keys.secretAccessKey);
  });

  it('is an error where it is not there, the key is another, or nobody listens', async () => {
    const { url, keys } = rig.peer;
    const codeOf = async (changes: Parameters<SqsRig['queue']>[0]): Promise<unknown> =>
      (await rig.queue(changes)).receive(signal, 0).catch((thrown: unknown) => (thrown as ModuleError).code);
    expect(await codeOf({ url: `${url}-2` })).toBe('SOURCE_NOT_FOUND');
    expect(await codeOf({ keys: { ...keys, accessKeyId: 'another' } })).toBe('SOURCE_CREDENTIAL_REFUSED');
    expect(await codeOf({ region: 'eu-other-1' })).toBe('SOURCE_CREDENTIAL_REFUSED');
    await rig.peer.close();
    expect(await codeOf({})).toBe('SOURCE_UNREACHABLE');
  });

  it('that refuses is told of once, with what to do, until it works again', async () => {
    rig.peer.fault = refused(400, ACCESS_DENIED);
    const started = await waiting();
    await rig.until(() => asked('ReceiveMessage') === 4);
    expect(started.log.at('critical')).toEqual([expect.stringMatching(/^Cannot read http:.*sqs:DeleteMessage/)]);
    rig.peer.fault = undefined;
    await rig.until(() => started.log.at('info').includes('Collecting again'));
    await end(started);
    expect(started.log.text).not.toContain(rig.peer.keys.secretAccessKey);
  });

  it('is looked at by a check, which takes nothing out of it', async () => {
    const { s3, peer } = rig;
    const check = async (): Promise<object | undefined> => {
      const args = {
        ...{ ...defaultsOf(storageConnectorArgumentsSchema), intake_key: 'synthetic-intake-key', bucket: s3.bucket },
        ...{ endpoint: s3.endpoint, region: peer.region, queue_url: peer.url },
        ...{ access_key_id: peer.keys.accessKeyId, secret_access_key: peer.keys.secretAccessKey },
      };
      const connector = jumpcloudDirectoryInsightsStorageConnector;
      const { settings } = connector.configure({ module: {}, arguments: args, intakeUrl: 'https://intake.test' }, 0);
      const transport = { request: () => Promise.reject(new Error('nothing is sent')) };
      const context = { clock: systemClock, random: seededRandom(1), transport, signal };
      for await (const result of connector.check(settings, context)) if (result.name === 'queue') return result;
      return undefined;
    };
    peer.send('one');
    expect(await check()).toEqual({
      name: 'queue',
      state: 'passed',
      detail: expect.stringContaining('about 1;'),
    });
    expect(peer.messages).toMatchObject([{ receives: 0 }]);
    rig.peer.fault = refused(400, 'AccessDeniedException');
    expect(await check()).toMatchObject({ state: 'failed', remedy: expect.stringContaining('sqs:GetQueueAttributes') });
  });
});
