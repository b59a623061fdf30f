import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { Clock } from '../../src/sdk/ports.js';

/** One request, as a script sees it. */
export interface SqsRequest {
  /** Without the name of the service: `ReceiveMessage`. */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What becomes of one request: it is carried out in the usual way where this says nothing. */
export type SqsFault = (request: SqsRequest, response: ServerResponse) => boolean | undefined;

interface Message {
  readonly id: string;
  readonly body: string;
  visibleAtMs: number;
  receivedAtMs: number;
  receipt: string | undefined;
  receives: number;
}

/** A queue that does what a test says, and else what Amazon SQS does over its JSON protocol. */
export interface SqsPeer {
  readonly url: string;
  readonly region: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requests: SqsRequest[];
  /** All that were not removed, hidden ones included. */
  readonly messages: readonly { readonly body: string; readonly receives: number }[];
  /** Long polls that wait for a message. */
  readonly polling: number;
  /** Long polls whose client went away. */
  readonly abandoned: number;
  /** Asked about each request; true where the request was answered, or shall not be. */
  fault: SqsFault | undefined;
  send(body: string): void;
  close(): Promise<void>;
}

const LONGEST_MS = 43_200_000;
const MOST_MESSAGES = 10;

/**
 * Starts one on a free port of the loopback interface; visibility and long polls go by `clock`. Its answers were
 * compared with those of fauxqs 2.4.1, an independent emulator.
 */
export async function startSqsPeer(clock: Pick<Clock, 'monotonic' | 'sleep'>): Promise<SqsPeer> {
  let messages: Message[] = [];
  const requests: SqsRequest[] = [];
  const waiting = new Set<() => void>();
  let abandoned = 0;
  const server = createServer((message, response) => {
    // Where the client went away there is nobody to answer.
    void answer(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const peer: SqsPeer = {
    ...{ url: `http://127.0.0.1:${port}/123456789012/exports`, region: 'eu-test-1' },
    ...{ keys: { accessKeyId: 'the-access-key', secretAccessKey: 'the-secret-key' } },
    ...{ requests, fault: undefined },
    get messages() {
      return messages;
    },
    get polling() {
      return waiting.size;
    },
    get abandoned() {
      return abandoned;
    },
    send(body) {
      const unseen = { visibleAtMs: -Infinity, receivedAtMs: 0, receipt: undefined, receives: 0 };
      messages.push({ id: randomUUID(), body, ...unseen });
      for (const wake of waiting) wake();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return peer;

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { 'x-amz-target': target = '', 'content-type': type, authorization = '' } = message.headers;
    const action = /^AmazonSQS\.(\w+)$/.exec(String(target))?.[1] ?? '';
    const request: SqsRequest = { action, input: JSON.parse(await text(message)) as SqsRequest['input'] };
    requests.push(request);
    if (peer.fault?.(request, response) === true) return;
    const [, key, region] = /Credential=([^/]+)\/\d{8}\/([^/]+)\/sqs\/aws4_request/.exec(authorization) ?? [];
    if (type !== 'application/x-amz-json-1.0') return void refuseSqs(response, 400, 'SerializationException');
    if (key !== peer.keys.accessKeyId) return void refuseSqs(response, 403, 'InvalidClientTokenId');
    if (region !== peer.region) return void refuseSqs(response, 403, 'SignatureDoesNotMatch');
    if (request.input['QueueUrl'] !== peer.url) {
      const code = { type: 'QueueDoesNotExist', query: 'AWS.SimpleQueueService.NonExistentQueue' };
      return void refuseSqs(response, 400, code);
    }
    switch (action) {
      case 'ReceiveMessage':
        return receive(request, response);
      case 'DeleteMessageBatch': {
        each(request, response, remove);
        return;
      }
      case 'ChangeMessageVisibilityBatch': {
        each(request, response, hide);
        return;
      }
      case 'GetQueueAttributes': {
        succeed(response, { Attributes: { ApproximateNumberOfMessages: String(visible().length) } });
        return;
      }
      default:
        return void refuseSqs(response, 400, 'InvalidAction');
    }
  }

  function visible(): Message[] {
    return messages.filter(({ visibleAtMs }) => visibleAtMs <= clock.monotonic());
  }

  async function receive({ input }: SqsRequest, response: ServerResponse): Promise<void> {
    const {
      MaxNumberOfMessages: most = 1,
      WaitTimeSeconds: wait = 0,
      VisibilityTimeout: hidden = 30,
    } = input as {
      readonly [Name in string]?: number;
    };
    if (most < 1 || most > MOST_MESSAGES || wait > 20) return void refuseSqs(response, 400, 'InvalidParameterValue');
    const endsAt = clock.monotonic() + wait * 1000;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    while (visible().length === 0 && clock.monotonic() < endsAt && !gone.signal.aborted)
      await news(endsAt, gone.signal);
    if (gone.signal.aborted) {
      abandoned += 1;
      return;
    }
    const now = clock.monotonic();
    const taken = visible().slice(0, most);
    for (const message of taken) {
      [message.receipt, message.receivedAtMs] = [randomUUID(), now];
      message.visibleAtMs = now + hidden * 1000;
      message.receives += 1;
    }
    const shown = taken.map(({ id, receipt, body }) => ({
      ...{ MessageId: id, ReceiptHandle: receipt, MD5OfBody: createHash('md5').update(body).digest('hex'), Body: body },
    }));
    succeed(response, shown.length === 0 ? {} : { Messages: shown });
  }

  /** Something is sent, becomes visible, or the time is over. */
  async function news(endsAt: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const wake = (): void => done.abort();
    waiting.add(wake);
    const next = Math.min(endsAt, ...messages.map(({ visibleAtMs }) => visibleAtMs));
    await clock.sleep(next - clock.monotonic(), AbortSignal.any([done.signal, signal]));
    waiting.delete(wake);
  }

  function remove({ ReceiptHandle: receipt }: Entry): string | undefined {
    // Of one that was received again since, it succeeds as well, and the message stays.
    messages = messages.filter((message) => message.receipt !== receipt);
    return undefined;
  }

  function hide({ ReceiptHandle: receipt, VisibilityTimeout: seconds = 0 }: Entry): string | undefined {
    const now = clock.monotonic();
    const message = messages.find((one) => one.receipt === receipt && one.visibleAtMs > now);
    if (message === undefined) return 'ReceiptHandleIsInvalid';
    if (now + seconds * 1000 > message.receivedAtMs + LONGEST_MS) return 'InvalidParameterValue';
    message.visibleAtMs = now + seconds * 1000;
    for (const wake of waiting) wake();
    return undefined;
  }
}

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout?: number;
}

/** Carries out a batch. @param act says why it cannot be done */
function each({ input }: SqsRequest, response: ServerResponse, act: (entry: Entry) => string | undefined): void {
  const { Entries: entries } = input as { Entries: Entry[] };
  if (entries.length === 0) return void refuseSqs(response, 400, 'EmptyBatchRequest');
  if (entries.length > MOST_MESSAGES) return void refuseSqs(response, 400, 'TooManyEntriesInBatchRequest');
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    return void refuseSqs(response, 400, 'BatchEntryIdsNotDistinct');
  }
  const results = entries.map((entry) => ({ Id: entry.Id, Code: act(entry) }));
  succeed(response, {
    Successful: results.filter(({ Code }) => Code === undefined).map(({ Id }) => ({ Id })),
    Failed: results
      .filter(({ Code }) => Code !== undefined)
      .map((result) => ({ ...result, SenderFault: true, Message: `It says ${String(result.Code)}` })),
  });
}

function succeed(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'request-1' });
  response.end(JSON.stringify(body));
}

/** Answers as SQS does where it refuses. @param code where the older protocol has another one, both */
export function refuseSqs(
  response: ServerResponse,
  status: number,
  code: string | { readonly type: string; readonly query: string },
): true {
  const { type, query } = typeof code === 'string' ? { type: code, query: code } : code;
  response.writeHead(status, {
    ...{ 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'request-1' },
    'x-amzn-query-error': `${query};${status < 500 ? 'Sender' : 'Receiver'}`,
  });
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message: `It says ${type}` }));
  return true;
}
