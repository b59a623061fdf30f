import { createSeededRandom } from '../random.js';
import type { JumpcloudApiOptions } from './options.js';
import { RequestRefused } from './request-refused.js';

/** Where a page ended. */
interface PagePosition {
  /** The last row sent so far, if there was one. */
  readonly row: number | undefined;
  /** The number in the token: epoch milliseconds of that row. */
  readonly epochMs: number;
}

/** Continuation tokens: `[<epoch milliseconds>, <opaque string>]` (API page, 4). */
interface PageTokens {
  /** A new token, as JSON text. No two are equal. */
  issue(position: PagePosition, fingerprint: string): string;
  /** The position that a client's `search_after` stands for; refuses with 400 what was not issued for this query. */
  redeem(searchAfter: unknown, fingerprint: string): PagePosition;
}

/** Enough for a backfill of a billion events; the oldest are forgotten beyond it. */
const MAX_TOKENS = 100_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Creates the issuer of a simulated API's tokens. */
export function createPageTokens(mode: JumpcloudApiOptions['tokens'] = 'strict'): PageTokens {
  const random = createSeededRandom(0x5ea2c4);
  const issued = new Map<string, { position: PagePosition; fingerprint: string }>();

  const invent = (): string => Array.from({ length: 16 }, () => ALPHABET[random.below(64)]).join('');

  return {
    issue(position, fingerprint) {
      const opaque = invent();
      issued.set(opaque, { position, fingerprint });
      if (issued.size > MAX_TOKENS) issued.delete(issued.keys().next().value as string);
      return JSON.stringify([position.epochMs, opaque]);
    },
    redeem(searchAfter, fingerprint) {
      if (!Array.isArray(searchAfter) || searchAfter.length !== 2) {
        throw new RequestRefused(400, 'search_after must be the array of the X-Search_after header');
      }
      const [epochMs, opaque] = searchAfter as readonly unknown[];
      const known = typeof opaque === 'string' ? issued.get(opaque) : undefined;
      // A number that came back as a string is not the number that was sent.
      if (known === undefined || known.position.epochMs !== epochMs) {
        throw new RequestRefused(400, 'search_after is not a token of an earlier answer');
      }
      if (mode === 'strict' && known.fingerprint !== fingerprint) {
        throw new RequestRefused(400, 'search_after belongs to another query');
      }
      return known.position;
    },
  };
}
