import { abortError, ModuleError } from '../errors.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import { within } from '../storage/s3-bucket.js';
import { type AwsAccess, awsClientSettings } from './aws-access.js';
import { awsFailure } from './aws-failure.js';
import { told } from './s3-objects.js';

/** So long nobody else is given a message that was received, unless it is held longer. */
const HIDDEN_SECONDS = 300;
/** Held again so often. */
const HOLD_EVERY_MS = 120_000;
const WAIT_SECONDS = 20;
const MOST_MESSAGES = 10;
const ASK_MS = 60_000;

/** A message as it was received. */
export interface QueueMessage {
  /** What the queue calls it. */
  readonly id: string;
  readonly body: string;
  /** What it is removed by. */
  readonly receipt: string;
}

/** Messages that nobody else is given, for as long as they are held. */
export interface HeldMessages {
  readonly messages: readonly QueueMessage[];
  /** Removes some of them for good. */
  remove(messages: readonly QueueMessage[], signal: AbortSignal): Promise<void>;
  /** Holds them no longer: those that were not removed come again some minutes later. */
  letGo(): void;
}

/** A queue of messages. */
export interface MessageQueue {
  /** Some messages; none after a wait of `waitSeconds`, 20 at the most, in which none came. */
  receive(signal: AbortSignal, waitSeconds?: number): Promise<HeldMessages>;
  /** Asks whether the queue is there and may be looked at; takes nothing out of it. @returns how many messages wait, about */
  examine(signal: AbortSignal): Promise<number>;
  /** Lets go of the connections, and of all messages. */
  close(): void;
}

export interface SqsQueueOptions {
  readonly clock: Clock;
  readonly listener: PipelineListener;
  /** Told where messages can't be held, or removed one by one: they come again, and nothing of them is delivered twice. */
  readonly onTrouble: (error: ModuleError) => void;
}

/** Opens a queue of Amazon SQS, or of what speaks its protocol. The library is loaded with the first one. */
export async function openSqsQueue(
  url: string,
  access: AwsAccess,
  { clock, listener, onTrouble }: SqsQueueOptions,
): Promise<MessageQueue> {
  const library = await import('@aws-sdk/client-sqs');
  const region = regionOf(url) ?? access.region;
  const settings = await awsClientSettings({ ...access, region });
  const client = new library.SQSClient({ ...settings, endpoint: new URL(url).origin });
  const QueueUrl = url;
  const closed = new AbortController();
  const ask = async <Answer>(
    deed: string,
    act: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> => {
    try {
      return await told(listener, clock, 'queue', () =>
        within(ASK_MS, clock, (abortSignal) => act({ abortSignal }), signal),
      );
    } catch (thrown) {
      throw signal.aborted ? abortError() : awsFailure(deed, url, thrown);
    }
  };
  const tellFailed = (deed: string, failed: readonly { readonly Code?: string | undefined }[]): void => {
    if (failed.length === 0) return;
    const codes = [...new Set(failed.map(({ Code = 'Unknown' }) => Code))].join(', ');
    const text = `Cannot ${deed} ${failed.length === 1 ? 'a message' : `${failed.length} messages`} of ${url} (${codes})`;
    onTrouble(new ModuleError('SOURCE_REQUEST_REFUSED', text, { advice: COMES_AGAIN }));
  };
  /** Holds messages until they are let go, and removes them. */
  const heldMessages = (messages: readonly QueueMessage[]): HeldMessages => {
    const done = new AbortController();
    const isOver = AbortSignal.any([done.signal, closed.signal]);
    const hold = async (): Promise<void> => {
      const Entries = messages.map(({ receipt }, index) => ({
        ...{ Id: String(index), ReceiptHandle: receipt, VisibilityTimeout: HIDDEN_SECONDS },
      }));
      const { Failed = [] } = await ask(
        'hold messages of',
        (options) => client.send(new library.ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }), options),
        isOver,
      );
      tellFailed('hold', Failed);
    };
    const keepHolding = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(HOLD_EVERY_MS, isOver);
        if (isOver.aborted) return;
        await hold().catch((error: unknown) => {
          if (error instanceof ModuleError) onTrouble(error);
        });
      }
    };
    if (messages.length > 0) void keepHolding();
    return {
      messages,
      async remove(some, signal) {
        if (some.length === 0) return;
        const Entries = some.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
        const { Failed = [] } = await ask(
          'remove messages of',
          (options) => client.send(new library.DeleteMessageBatchCommand({ QueueUrl, Entries }), options),
          signal,
        );
        tellFailed('remove', Failed);
      },
      letGo: () => done.abort(),
    };
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
      return heldMessages(
        Messages.flatMap(({ MessageId: id = '', Body: body = '', ReceiptHandle: receipt }) =>
          receipt === undefined ? [] : [{ id, body, receipt }],
        ),
      );
    },
    async examine(signal) {
      const AttributeNames: ['ApproximateNumberOfMessages'] = ['ApproximateNumberOfMessages'];
      const { Attributes } = await ask(
        'look at',
        (options) => client.send(new library.GetQueueAttributesCommand({ QueueUrl, AttributeNames }), options),
        signal,
      );
      return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    },
    close() {
      closed.abort();
      client.destroy();
    },
  };
}

const COMES_AGAIN = 'Nothing, where it passes: they come again, and nothing of them is delivered twice.';

/** The region that the address of a queue of AWS's own names: a signature for another one would be refused. */
export function regionOf(url: string): string | undefined {
  const { hostname } = new URL(url);
  return /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.exec(hostname)?.[1];
}
