import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip as gzipWithCallback } from 'node:zlib';
import type { Sleep } from '../timing.js';
import type { SimulatedAnswer } from './exchange.js';

const compress = promisify(gzipWithCallback);
const WORTH_COMPRESSING_BYTES = 1024;
const SLOW_CHUNK_MS = 20;

/** Where and how an answer is sent. */
interface Delivery {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly sleep: Sleep;
  /** Aborted when the client has gone or the server closes. */
  readonly signal: AbortSignal;
  readonly gzip: boolean;
}

/** Sends an answer, and misbehaves on the wire as it asks. */
export async function deliverAnswer(answer: SimulatedAnswer, delivery: Delivery): Promise<void> {
  const { incoming, response, sleep, signal } = delivery;
  const wire = answer.wire ?? {};
  if (wire.delayMs !== undefined) await sleep(wire.delayMs, signal);
  if (signal.aborted || wire.stall === true) return;
  if (wire.reset === 'before-answer') {
    incoming.socket.resetAndDestroy();
    return;
  }

  const zipped = delivery.gzip && answer.body.byteLength >= WORTH_COMPRESSING_BYTES && acceptsGzip(incoming);
  const body = zipped ? await compress(answer.body, { level: constants.Z_BEST_SPEED }) : answer.body;
  const headers = [...answer.headers, ['Content-Length', String(body.byteLength)] as const];
  if (zipped) headers.push(['Content-Encoding', 'gzip']);
  response.sendDate = false;
  // A flat list, unlike an object, keeps the letter case of the names.
  response.writeHead(answer.status, headers.flat());
  response.flushHeaders();

  const share = wire.reset === 'in-body' ? 0.5 : wire.keepShare;
  if (share === undefined && wire.bytesPerSecond === undefined) {
    response.end(body);
    return;
  }
  // Never all of it: what arrives whole has not been cut.
  const sent = share === undefined ? body : body.subarray(0, Math.min(body.byteLength * share, body.byteLength - 1));
  await writeAtPace(sent, wire.bytesPerSecond ?? Infinity, delivery);
  if (wire.reset === 'in-body') incoming.socket.resetAndDestroy();
  else if (share !== undefined) incoming.socket.destroy();
  else response.end();
}

function acceptsGzip(incoming: IncomingMessage): boolean {
  return /\bgzip\b/i.test(incoming.headers['accept-encoding'] ?? '');
}

async function writeAtPace(body: Buffer, bytesPerSecond: number, { response, sleep, signal }: Delivery): Promise<void> {
  const step = Math.min(body.byteLength, Math.ceil((bytesPerSecond * SLOW_CHUNK_MS) / 1000));
  for (let at = 0; at < body.byteLength && !signal.aborted; at += step) {
    await write(response, body.subarray(at, at + step));
    if (bytesPerSecond !== Infinity) await sleep(SLOW_CHUNK_MS, signal);
  }
}

/** Resolves when the operating system has the bytes, so that a reset that follows does not overtake them. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => resolve());
  });
}
