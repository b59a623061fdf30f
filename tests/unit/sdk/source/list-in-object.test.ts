import { describe, expect, it } from '@jest/globals';

import { listInObject } from '../../../../src/sdk/source/list-in-object.js';

async function read(text: string, next?: string) {
  async function* body() {
    for (const half of [text.slice(0, 7), text.slice(7)]) yield Buffer.from(half);
  }
  const found = await listInObject(
    { body: body(), requestId: 'r-1' },
    { list: 'items', ...(next !== undefined && { next }) },
  );
  const pieces: Uint8Array[] = [];
  for await (const piece of found.body) pieces.push(piece);
  return { list: Buffer.concat(pieces).toString().trim(), next: found.next };
}

describe('a list inside an object', () => {
  it('is found as it was sent, with the cursor beside it', async () => {
    expect(await read('{"kind":"x","items": [{"n":1.0},{"n":2}],"next":"c\\u0061"}', 'next')).toEqual({
      list: '[{"n":1.0},{"n":2}]',
      next: 'ca',
    });
  });

  it.each(['{"items":[]}', '{"items":[],"next":null}', '{"items":[],"next":""}', '{"next":7,"items":[]}'])(
    'is the last one in %s',
    async (text) => {
      expect(await read(text, 'next')).toEqual({ list: '[]', next: undefined });
    },
  );

  it('has to be there', async () => {
    await expect(read('{"errors":["no"]}')).rejects.toMatchObject({ code: 'SOURCE_ANSWER_INVALID', requestId: 'r-1' });
  });
});
