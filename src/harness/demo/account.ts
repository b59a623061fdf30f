import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Simulators } from '../../simulators/serve.js';

/** What the demo ends with. Each event that the API has shown is delivered, whole or trimmed, in the dead letter, or lost. */
export interface DemoAccount {
  /** Events that the API has shown. */
  readonly held: number;
  /** Delivered whole. */
  readonly delivered: number;
  /** Too large: a trimmed copy was delivered, and the whole is in the dead letter. */
  readonly trimmed: number;
  /** Not delivered, but in the dead letter, whole. */
  readonly deadLettered: number;
  /** Neither delivered nor whole in the dead letter. */
  readonly lost: number;
  /** Deliveries beyond the first of an event, and delivered events that are in the dead letter as well. */
  readonly duplicated: number;
  /** Delivered texts that are neither an event of the API nor the trimmed copy of one. */
  readonly altered: number;
  /** Requests tried again, by the connector's own word. */
  readonly retried: number;
  readonly balanced: boolean;
}

/**
 * Asks the simulators and the dead letter's files what became of each event. Only `retried` is the connector's word.
 * @param options.trim the copy that is to be delivered of an event that is too large; undefined for any other
 * @param options.nowMs the instant up to which the API has shown its events, epoch milliseconds
 */
export function drawUpDemoAccount(options: {
  readonly simulators: Pick<Simulators, 'account'> & {
    readonly jumpcloud: Pick<Simulators['jumpcloud'], 'store'>;
    readonly sekoia: Pick<Simulators['sekoia'], 'received'>;
  };
  readonly deadLetter: ReadonlySet<string>;
  readonly trim: (event: Buffer) => Uint8Array | undefined;
  readonly nowMs: number;
  readonly retried: number;
}): DemoAccount {
  const { simulators, deadLetter, nowMs, retried } = options;
  // First of all, because it brings the live events up to date.
  const { duplicated: repeats, unknown } = simulators.account();
  const { store } = simulators.jumpcloud;
  let [held, delivered, trimmed, deadLettered, both, copies] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < store.size; row += 1) {
    if (store.visibleAtMs(row) > nowMs) continue;
    const text = store.text(row);
    const isDelivered = simulators.sekoia.received.count(text) > 0;
    const isKept = deadLetter.has(exactly(text));
    const copy = options.trim(text);
    const timesTrimmed = copy === undefined ? 0 : simulators.sekoia.received.count(Buffer.from(copy));
    held += 1;
    copies += timesTrimmed;
    if (isDelivered) delivered += 1;
    else if (isKept && timesTrimmed > 0) trimmed += 1;
    else if (isKept) deadLettered += 1;
    if (isDelivered && isKept) both += 1;
  }
  const lost = held - delivered - trimmed - deadLettered;
  const duplicated = repeats + both + copies - trimmed;
  const altered = unknown - copies;
  const balanced = lost === 0 && duplicated === 0 && altered === 0;
  return { held, delivered, trimmed, deadLettered, lost, duplicated, altered, retried, balanced };
}

/** The texts in the dead letter of a data path; none where nothing was ever written off. */
export async function readDeadLetter(dataPath: string): Promise<ReadonlySet<string>> {
  const folder = join(dataPath, 'dead-letter');
  const names = await readdir(folder).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  });
  const files = names.filter((name) => name.endsWith('.ndjson'));
  const contents = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const lines = contents.flatMap((content) => content.split('\n')).filter((line) => line !== '');
  return new Set(lines.map((line) => exactly(eventOf(JSON.parse(line) as { event?: string; event_base64?: string }))));
}

function eventOf({ event, event_base64: base64 = '' }: { event?: string; event_base64?: string }): Buffer {
  return event === undefined ? Buffer.from(base64, 'base64') : Buffer.from(event);
}

/** One character for each byte, so that equal means equal in every byte. */
function exactly(bytes: Buffer): string {
  return bytes.toString('latin1');
}
