import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const PIECE_BYTES = 64 * 1024;

/** Whether an answer with this `content-encoding` is to be decoded. */
export function isEncoded(encoding: string | undefined): encoding is string {
  const name = nameOf(encoding);
  return name !== '' && name !== 'identity';
}

/**
 * The body as it was before the sender compressed it. Errors and the end of interest travel both ways: a broken
 * connection or a corrupt or cut stream makes reading reject, and destroying the result closes the connection.
 * @param encoding the answer's `content-encoding`, if any
 * @throws Error for an encoding that was never asked for; the body is left to the caller
 */
export function decompressed(body: Readable, encoding: string | undefined): Readable {
  if (!isEncoded(encoding)) return body;
  const name = nameOf(encoding);
  const decoder = decoderFor(name);
  if (decoder === undefined) throw new Error(`The answer is encoded as '${name}', which was not asked for`);
  return pipeline(body, decoder, () => undefined);
}

function nameOf(encoding: string | undefined): string {
  return (encoding ?? '').trim().toLowerCase();
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
