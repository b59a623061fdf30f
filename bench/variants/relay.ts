/**
 * A relay that looks at nothing: pages of 10,000 events, their bytes pushed on as they are, in bodies of 9 MB, fetching
 * and pushing at once. The floor: nothing that reads this API and writes to this intake costs less.
 */
import { setTimeout as wait } from 'node:timers/promises';

import { eventsQuery, numberOf, post, variantOptions } from './wire.js';

const BODY_BYTES = 9_000_000;
const BODIES = 2;
const LIMIT = 10_000;
const BORDER = Buffer.from('},{');

const { apiUrl, intakeUrl, fromMs, toMs, slices = 1, requestsPerSecond = Infinity } = variantOptions();
let nextAtMs = 0;

const sliceMs = (toMs - fromMs) / slices;
await Promise.all(
  Array.from({ length: slices }, (_, slice) =>
    // Both bounds are inclusive.
    relay(
      Math.ceil(fromMs + slice * sliceMs),
      Math.ceil(fromMs + (slice + 1) * sliceMs) - (slice < slices - 1 ? 1 : 0),
    ),
  ),
);

async function relay(fromMs: number, toMs: number): Promise<void> {
  const query = eventsQuery(fromMs, toMs, LIMIT);
  const free = Array.from({ length: BODIES }, () => Buffer.allocUnsafe(BODY_BYTES));
  const underWay = new Set<Promise<void>>();
  let body = free.pop() as Buffer<ArrayBuffer>;
  let filled = 0;

  const push = async (full: Buffer<ArrayBuffer>, length: number): Promise<void> => {
    const response = await post(`${intakeUrl}/batch`, full.subarray(0, length));
    await response.body.dump();
    free.push(full);
  };
  const flush = async (length: number): Promise<void> => {
    const pushed: Promise<void> = push(body, length).finally(() => underWay.delete(pushed));
    underWay.add(pushed);
    while (free.length === 0) await Promise.race(underWay);
    const next = free.pop() as Buffer<ArrayBuffer>;
    body.copy(next, 0, length, filled);
    filled -= length;
    body = next;
  };

  let searchAfter: unknown;
  let page = open();
  for (;;) {
    const { headers, body: pieces } = await page;
    searchAfter = JSON.parse(String(headers['x-search_after']));
    const isLast = numberOf(headers, 'x-result-count') < numberOf(headers, 'x-limit');
    // The token is known before the page has arrived, so the next one is on its way meanwhile.
    if (!isLast) page = open();
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      if (filled + piece.length > BODY_BYTES) await flush(body.subarray(0, filled).lastIndexOf(BORDER) + 1);
      filled += piece.copy(body, filled);
    }
    if (isLast) break;
  }
  await push(body, filled);
  await Promise.all(underWay);

  async function open(): ReturnType<typeof post> {
    const atMs = Math.max(nextAtMs, performance.now());
    nextAtMs = atMs + 1000 / requestsPerSecond;
    if (atMs > performance.now()) await wait(atMs - performance.now());
    const body = JSON.stringify({ ...query, search_after: searchAfter });
    const answer = await post(`${apiUrl}/insights/directory/v1/events`, body);
    if (answer.statusCode !== 429) return answer;
    await answer.body.dump();
    await wait(1000);
    return open();
  }
}
