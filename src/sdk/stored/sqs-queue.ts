import type { Clock } from '../ports.js';
import { within } from '../storage/s3-bucket.js';
import { type AwsAccess, awsClientSettings } from './aws-access.js';
import { awsFailure } from './aws-failure.js';
import { abortError } from '../errors.js';

/** So long nobody else is given a message that was received, unless it is held longer. */
const HIDDEN_SECONDS = 300;
/** Held again so often. */
const HOLD_EVERY_MS = 120_000;
const WAIT_SECONDS = 20;
const MOST_MESSAGES = 10;
const ASK_MS = 60_000;

/** A message as it was received. */
export interface QueueMessage {
  readonly body: string;
  /** What it is deleted by. */
  readonly receipt: string;
}

/** A queue of messages. */
export interface MessageQueue {
  /** Some messages; none after a wait of `waitSeconds`, 20 at the most, in which none came. */
  receive(signal: AbortSignal, waitSeconds?: number): Promise<readonly QueueMessage[]>;
  /** Hides the messages from others while `work` goes on. */
  holding<Result>(messages: readonly QueueMessage[], work: () => Promise<Result>): Promise<Result>;
  /** Removes messages for good. */
  remove(messages: readonly QueueMessage[]): Promise<void>;
  /** Asks whether the queue is there and may be read; takes nothing out of it. */
  examine(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Opens a queue of Amazon SQS, or of what speaks its protocol. The library is loaded with the first one. */
export async function openSqsQueue(url: string, access: AwsAccess, clock: Clock): Promise<MessageQueue> {
  const library = await import('@aws-sdk/client-sqs');
  const client = new library.SQSClient({ ...(await awsClientSettings(access)), endpoint: new URL(url).origin });
  const QueueUrl = url;
  const ask = async <Answer>(
    deed: string,
    act: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> => {
    try {
      return await within(ASK_MS, clock, (late) =>
        act({ abortSignal: signal === undefined ? late : AbortSignal.any([late, signal]) }),
      );
    } catch (thrown) {
      throw signal?.aborted === true ? abortError() : awsFailure(deed, url, thrown);
    }
  };
  const hold = (messages: readonly QueueMessage[], signal: AbortSignal): Promise<unknown> => {
    const Entries = messages.map(({ receipt }, index) => ({
      ...{ Id: String(index), ReceiptHandle: receipt, VisibilityTimeout: HIDDEN_SECONDS },
    }));
    return ask(
      'hold messages of',
      (options) => client.send(new library.ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }), options),
      signal,
    );
  };
  return {
    async receive(signal, waitSeconds = WAIT_SECONDS) {
      const query = {
        ...{ QueueUrl, MaxNumberOfMessages: MOST_MESSAGES, WaitTimeSeconds: waitSeconds },
        VisibilityTimeout: HIDDEN_SECONDS,
      };
      const { Messages = [] } = await ask(
        'read',
        (options) => client.send(new library.ReceiveMessageCommand(query), options),
        signal,
      );
      return Messages.flatMap(({ Body, ReceiptHandle }) =>
        ReceiptHandle === undefined ? [] : [{ body: Body ?? '', receipt: ReceiptHandle }],
      );
    },
    async holding(messages, work) {
      const done = new AbortController();
      const holder = (async () => {
        for (;;) {
          await clock.sleep(HOLD_EVERY_MS, done.signal);
          if (done.signal.aborted) return;
          // One that comes again meanwhile is of an object that is finished by then, or is read twice: no event is sent twice.
          await hold(messages, done.signal).catch(() => undefined);
        }
      })();
      try {
        return await work();
      } finally {
        done.abort();
        await holder;
      }
    },
    async remove(messages) {
      if (messages.length === 0) return;
      const Entries = messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
      await ask('remove messages of', (options) =>
        client.send(new library.DeleteMessageBatchCommand({ QueueUrl, Entries }), options),
      );
    },
    async examine(signal) {
      const AttributeNames: ['ApproximateNumberOfMessages'] = ['ApproximateNumberOfMessages'];
      await ask(
        'look at',
        (options) => client.send(new library.GetQueueAttributesCommand({ QueueUrl, AttributeNames }), options),
        signal,
      );
    },
    close: () => client.destroy(),
  };
}
