import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/**
 * Splits for a while and exchanges requests for a while, in a process of its own: flags of V8 that say how WebAssembly is
 * compiled, ours and undici's, ended such a process with Node.js 26, and only in this order.
 */
const SCRIPT = `
  import { createServer } from 'node:http';
  const { keepHeapSmall } = await import('./dist/sdk/small-heap.js');
  if (process.argv[1] === 'small') keepHeapSmall();
  const { createUndiciTransport } = await import('./dist/sdk/http/undici-transport.js');
  const { EventSplitter } = await import('./dist/sdk/json/event-splitter.js');
  const event = JSON.stringify({ id: 'a', timestamp: '2030-01-02T03:04:05Z', text: 'x'.repeat(1000) });
  const page = Buffer.from('[' + Array(300).fill(event).join(',') + ']');
  const server = createServer((_, answer) => void answer.end(page));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const request = {
    method: 'GET', url: 'http://127.0.0.1:' + server.address().port, headers: {},
    headersTimeoutMs: 10_000, bodyTimeoutMs: 10_000,
  };
  let events = 0;
  const split = (splitter, piece) => { for (const ended of splitter.push(piece)) events += ended.count; };
  const alone = new EventSplitter();
  split(alone, page);
  alone.close();
  const transport = createUndiciTransport();
  for (let pages = 0; pages < 400; pages += 1) {
    const splitter = new EventSplitter();
    for await (const piece of (await transport.request(request)).body) split(splitter, piece);
    splitter.end();
    splitter.close();
  }
  console.log(events);
  process.exit(0);
`;

describe('WebAssembly of two makers', () => {
  it.each(['small', 'as it is'])('lives in one process, whichever is compiled first, the heap %s', async (heap) => {
    const args = ['--input-type=module', '-e', SCRIPT, heap];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: process.cwd() });
    expect(stdout.trim()).toBe(String(401 * 300));
    // Flags that a version of V8 does not know.
    expect(stderr).toBe('');
  });
});
