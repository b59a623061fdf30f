import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { readText } from '../../../src/sdk/http/body.js';
import { decompressed } from '../../../src/sdk/http/decompress.js';
import { mutateBytes } from './mutate.js';
import type { Target } from './target.js';

const TEXT = '{"count":1}'.repeat(40);
const FORMS = { gzip: gzipSync(TEXT), deflate: deflateSync(TEXT), br: brotliCompressSync(TEXT) };

/** A compressed answer: it is what was compressed, or an error. */
export const compressedAnswers: Target = {
  name: 'a compressed answer',
  async attack(random) {
    const form = random.pick(['gzip', 'deflate', 'br'] as const);
    const isHonest = random.chance(0.1);
    const sent = isHonest ? FORMS[form] : mutateBytes(FORMS[form], random);
    try {
      const body = decompressed(Readable.from([sent]), random.pick([form, form.toUpperCase(), ` ${form}`]));
      const text = await readText({ body });
      return isHonest && text !== TEXT ? 'an honest one is read as something else' : undefined;
    } catch (error) {
      if (isHonest) return `an honest one is refused: ${String(error)}`;
      return error instanceof Error && !(error instanceof TypeError) ? undefined : `it throws ${String(error)}`;
    }
  },
};
