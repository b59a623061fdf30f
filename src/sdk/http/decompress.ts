import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const PIECE_BYTES = 64 * 1024;

/**
 * The body as it was before the sender compressed it. Errors and the end of interest travel both ways: a broken
 * connection or a corrupt or cut stream makes reading reject, and destroying the result closes the connection.
 * @param encoding the answer's `content-encoding`, if any
 * @throws Error for an encoding that was never asked for
 */
export function decompressed(body: Readable, encoding: string | undefined): Readable {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  const decoder = decoderFor(name);
  if (decoder === undefined) {
    body.destroy();
    throw new Error(`The answer is encoded as '${name}', which was not asked for`);
  }
  return pipeline(body, decoder, () => undefined);
}

function decoderFor(name: string): Transform | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ chunkSize: PIECE_BYTES });
    case 'deflate':
      return createInflate({ chunkSize: PIECE_BYTES });
    case 'br':
      return createBrotliDecompress({ chunkSize: PIECE_BYTES });
    default:
      return undefined;
  }
}
