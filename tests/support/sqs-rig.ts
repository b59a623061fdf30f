import type { ModuleError } from '../../src/sdk/errors.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import type { Clock } from '../../src/sdk/ports.js';
import { openS3Objects, type S3Objects } from '../../src/sdk/stored/s3-objects.js';
import { type MessageQueue, openSqsQueue } from '../../src/sdk/stored/sqs-queue.js';
import { ManualClock } from './manual-clock.js';
import { type ScriptedS3, startScriptedS3 } from './scripted-s3.js';
import { seededRandom } from './seeded-random.js';
import { type SqsPeer, startSqsPeer } from './sqs-peer.js';
import { startStored, type StoredRigOptions, MemoryObjects } from './stored-rig.js';

/** What S3 says of an object that was written. */
export function notification(
  key: string,
  { bucket = 'state', eventName = 'ObjectCreated:Put', eTag = '' } = {},
): string {
  const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
  const s3 = { bucket: { name: bucket }, object: { key: encoded, ...(eTag !== '' && { eTag }) } };
  return JSON.stringify({ Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', eventName, s3 }] });
}

/** A bucket and a queue on loopback, and runs over both through the real client libraries. */
export interface SqsRig {
  readonly s3: ScriptedS3;
  readonly peer: SqsPeer;
  readonly clock: ManualClock;
  /** Trouble with single messages. */
  readonly troubles: ModuleError[];
  queue(changes?: { region?: string; keys?: SqsPeer['keys']; url?: string; clock?: Clock }): Promise<MessageQueue>;
  /** A run that goes on, or with `once`, ends; it lists every 20 minutes. */
  start(options?: Omit<Partial<StoredRigOptions>, 'clock' | 'objects'>): Promise<ReturnType<typeof startStored>>;
  /** As a killed process would, lets go of all messages and connections to the queue so far. */
  kill(): void;
  /** Lets time pass, five seconds at a time of which none begin while a request is under way, until something is so. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export const LIST_EVERY_MS = 1_200_000;
const TIME_LIMIT_MS = 60_000;

export async function startSqsRig(): Promise<SqsRig> {
  const clock = new ManualClock();
  // Both ends are in this process: no time limit of a request shall pass while time is let pass.
  let requestsUnderWay = 0;
  const patient: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    async sleep(ms, signal) {
      if (ms !== TIME_LIMIT_MS) return clock.sleep(ms, signal);
      requestsUnderWay += 1;
      await clock.sleep(Infinity, signal);
      requestsUnderWay -= 1;
    },
  };
  const [s3, peer] = [await startScriptedS3(), await startSqsPeer(clock)];
  const troubles: ModuleError[] = [];
  const queues: MessageQueue[] = [];
  const told: PipelineEvent[] = [];
  const listener = (event: PipelineEvent): void => void told.push(event);
  const rig: SqsRig = {
    ...{ s3, peer, clock, troubles },
    async queue({ url = peer.url, region = peer.region, keys = peer.keys, clock: given = patient } = {}) {
      const options = { clock: given, listener, onTrouble: (error: ModuleError) => void troubles.push(error) };
      const queue = await openSqsQueue(url, { region, keys, endpoint: undefined, role: undefined }, options);
      queues.push(queue);
      return queue;
    },
    async start(options = {}) {
      const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3;
      const keys = { accessKeyId, secretAccessKey };
      const store: S3Objects = await openS3Objects(
        { ...{ endpoint, bucket, region, keys }, ...{ prefix: 'in/', pathStyle: true, role: undefined } },
        { clock: patient, random: seededRandom(1), listener },
      );
      const started = startStored({
        ...{ objects: new MemoryObjects(), once: false, ...options, clock },
        parts: {
          ...{ store, listEveryMs: LIST_EVERY_MS },
          messages: {
            ...{ bucket, prefix: 'in/', object: ({ name, version, size }) => store.object(name, version, size) },
            queue: await rig.queue(),
          },
          ...options.parts,
        },
      });
      return started;
    },
    kill() {
      for (const queue of queues.splice(0)) queue.close();
    },
    async until(condition) {
      for (let [tries, waits] = [0, 0]; !condition();) {
        if (tries > 10_000) throw new Error('It has not come about');
        if (waits > 20_000) throw new Error('It has not come about: a request does not end');
        await new Promise((resolve) => setTimeout(resolve, 1));
        // How much time passes must not depend on how fast this machine answers. A long poll waits for time to pass.
        if (requestsUnderWay > peer.polling) {
          waits += 1;
          continue;
        }
        waits = 0;
        await clock.advance(5000);
        tries += 1;
      }
    },
    async close() {
      rig.kill();
      await peer.close();
      await s3.close();
    },
  };
  return rig;
}
