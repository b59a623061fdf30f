import { abortError, describeError, ModuleError } from '../errors.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { DeliverySignals, Destination } from '../pipeline/destination.js';
import { LineBatch } from './line-batch.js';

/** What is written at once: as much as a pipe holds. A stop is looked at in between. */
const PIECE_BYTES = 64 * 1024;
/** What a stream says whose reader has gone. */
const GONE = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

export interface StreamDestinationOptions {
  readonly stream: NodeJS.WritableStream;
  /** Events in a batch at the most. */
  readonly maxEvents: number;
  /** Called when the reader does not want any more. */
  readonly onGone: () => void;
}

/**
 * Events as lines on a stream, as fast as it is read. An event is acknowledged once the stream has taken its line: of a pipe,
 * once it is in the pipe.
 */
export class StreamDestination implements Destination<LineBatch> {
  constructor(private readonly options: StreamDestinationOptions) {}

  createBatch(): LineBatch {
    return new LineBatch({ maxEvents: this.options.maxEvents });
  }

  /** Whole lines only, whatever happens: a stop comes between two pieces. */
  async deliver(batch: LineBatch, { forced }: DeliverySignals): Promise<DeliveryOutcome> {
    const pieces = piecesOf(batch);
    try {
      for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
        if (forced.aborted) throw abortError();
        await this.#write(batch.lines(piece));
        pieces.shift();
      }
      return { rejections: [], unsettled: [] };
    } catch (error) {
      return { rejections: [], unsettled: pieces.flat(), failure: this.#failure(error) };
    }
  }

  #write(piece: Uint8Array): Promise<void> {
    const { stream } = this.options;
    return new Promise((resolve, reject) => {
      stream.write(piece, (error?: Error | null) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  #failure(error: unknown): Error {
    const { code, name } = error as NodeJS.ErrnoException;
    if (name === 'AbortError') return abortError();
    if (GONE.includes(code ?? '')) {
      this.options.onGone();
      return abortError();
    }
    return new ModuleError('DESTINATION_REFUSED', `Cannot write to the output: ${describeError(error)}`, {
      advice: 'Look at where the output goes. Give the same command again: it goes on with what is still owed.',
      cause: error,
    });
  }
}

/** The events of a batch in order, so many together as make a piece. */
function piecesOf(batch: LineBatch): number[][] {
  const pieces: number[][] = [];
  const perPiece = Math.max(1, Math.floor((batch.count * PIECE_BYTES) / Math.max(1, batch.bytes)));
  for (let from = 0; from < batch.count; from += perPiece) {
    pieces.push(Array.from({ length: Math.min(perPiece, batch.count - from) }, (_, at) => from + at));
  }
  return pieces;
}
