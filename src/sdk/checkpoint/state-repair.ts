import { ModuleError } from '../errors.js';
import { LEDGER_FOLDER, nextSegmentName } from '../ledger/ledger-store.js';
import { decodeSegment } from '../ledger/segment.js';
import { decodeHours, PROOFS_FOLDER, proofsOf } from '../reconciliation/hour-store.js';
import type { Storage } from '../storage/storage.js';
import { formatTimestamp, parseTimestamp } from '../time/timestamp.js';
import { type Checkpoint, type CheckpointContent, decodeCheckpoint, encodeCheckpoint } from './checkpoint-document.js';
import { CHECKPOINT_COPY, CHECKPOINT_DOCUMENT, checkpointGone, wasCollected } from './delivery-state.js';

/** Where what cannot be read is laid aside. */
const DAMAGED_FOLDER = 'damaged';

const DAY_MS = 86_400_000;

/** What is wrong with a data path, and how it can be mended. */
export interface StateRepair {
  /** What was found and what is to be done about it, a sentence each. Empty where nothing is wrong. */
  readonly findings: readonly string[];
  /** Whether collection is to go on from the position that was given, since no other was found. */
  readonly isGivenUsed: boolean;
  /** Does it. Nothing was changed before. */
  apply(): Promise<void>;
}

/**
 * Examines the documents of a data path and plans what keeps everything that can be read: the checkpoint is taken from its
 * copy, or from the position in it; damaged segments and proofs are laid aside. What the lost ids stood for is read again.
 * @param givenMs where to collect from if no position can be found, epoch milliseconds
 * @throws ModuleError STATE_CORRUPT where no position can be found, and none is given; STATE_UNAVAILABLE where something
 *   stands in the way that only an operator can move, such as a folder in the place of a segment or of proofs
 */
export async function planStateRepair(storage: Storage, givenMs: number | undefined): Promise<StateRepair> {
  const segments = await examineFolder(storage, LEDGER_FOLDER, (content, name) => void decodeSegment(content, name));
  const proofs = await examineFolder(storage, PROOFS_FOLDER, (content, name) => void decodeHours(content, name));
  const { content, findings, isGivenUsed } = await findCheckpoint(storage, givenMs);
  const known = content.kind === 'own' ? content.checkpoint.segments : [];
  const missing = known.filter((name) => !segments.good.includes(name) && !segments.damaged.includes(name));
  // What is listed is files. Whatever else has such a name would fail each write of it.
  for (const name of [...missing, nextSegmentName(segments.good)]) await storage.read(`${LEDGER_FOLDER}/${name}`);
  for (const name of proofsInUse(content)) {
    if (!proofs.good.includes(name) && !proofs.damaged.includes(name)) await storage.read(`${PROOFS_FOLDER}/${name}`);
  }
  const all = [
    ...findings,
    ...segments.damaged.map((name) => `The ledger segment ${name} is damaged: it is laid aside. ${REPEATS}`),
    ...missing.map((name) => `The ledger segment ${name} is gone. ${REPEATS}`),
    ...proofs.damaged.map((name) => `The proofs of ${name} are damaged: they are laid aside; no event is affected.`),
  ];
  return {
    findings: all,
    isGivenUsed,
    async apply() {
      for (const name of segments.damaged) await layAside(storage, `${LEDGER_FOLDER}/${name}`);
      for (const name of proofs.damaged) await layAside(storage, `${PROOFS_FOLDER}/${name}`);
      if (findings.length > 0) await keepCopy(storage, CHECKPOINT_DOCUMENT);
      if (findings.length > 0 || segments.damaged.length > 0 || missing.length > 0) {
        await storage.write(CHECKPOINT_DOCUMENT, encode(content, segments.good));
      }
    },
  };
}

/** The documents that a run reads or writes before long. */
function proofsInUse(content: CheckpointContent): string[] {
  if (content.kind !== 'own') return [];
  const { ledgerFromMs, backfill, owed } = content.checkpoint;
  const fromMs = backfill.reduce((earliest, range) => Math.min(earliest, range.fromMs), ledgerFromMs);
  return proofsOf(fromMs - DAY_MS, Math.max(ledgerFromMs, owed.at(-1)?.fromMs ?? 0) + DAY_MS);
}

const REPEATS = 'Up to 16,384 events whose ids it held may be delivered again; none is lost.';

interface Examined {
  readonly good: readonly string[];
  readonly damaged: readonly string[];
}

async function examineFolder(
  storage: Storage,
  folder: string,
  read: (content: Uint8Array, name: string) => void,
): Promise<Examined> {
  const [good, damaged]: [string[], string[]] = [[], []];
  for (const name of await storage.list(folder)) {
    const content = await storage.read(`${folder}/${name}`);
    if (content === undefined) continue;
    (isReadable(() => read(content, name)) ? good : damaged).push(name);
  }
  return { good, damaged };
}

function isReadable(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof ModuleError) return false;
    throw error;
  }
}

/** The checkpoint itself, its copy, the position that its text still tells, or the one that is given. */
async function findCheckpoint(
  storage: Storage,
  givenMs: number | undefined,
): Promise<{ content: CheckpointContent; findings: string[]; isGivenUsed: boolean }> {
  const { location } = storage;
  const written = await storage.read(CHECKPOINT_DOCUMENT);
  try {
    const content = decodeCheckpoint(written, location);
    if (content.kind === 'none' && (await wasCollected(storage))) throw checkpointGone(location);
    return { content, findings: [], isGivenUsed: false };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    const { content: copied, fault } = await readCopy(storage);
    if (copied !== undefined) {
      const content = withForgottenHours(copied, await newestHourMs(storage));
      const finding = `${error.message} Its copy of at most an hour ago takes its place. ${AGAIN}`;
      return { content, findings: [finding], isGivenUsed: false };
    }
    const toldMs = positionIn(written);
    const positionMs = toldMs ?? givenMs;
    if (positionMs === undefined) throw noPosition(error, fault);
    const position = formatTimestamp(positionMs);
    return {
      content: { kind: 'position', positionMs, others: {} },
      findings: [`${asSentence(error.message)} ${fault}: collection goes on at ${position}. ${AGAIN}`],
      isGivenUsed: toldMs === undefined,
    };
  }
}

/** A copy that cannot be read, whatever stands in its place, is none. */
async function readCopy(storage: Storage): Promise<{ content?: CheckpointContent; fault: string }> {
  try {
    const copied = await storage.read(CHECKPOINT_COPY);
    if (copied === undefined) return { fault: 'There is no copy of it' };
    return { content: decodeCheckpoint(copied, storage.location), fault: '' };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return { fault: `Its copy is of no use (${error.message.replace(/\.$/, '')})` };
  }
}

function asSentence(text: string): string {
  return text.replace(/\.?$/, '.');
}

function noPosition(cause: ModuleError, fault: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `${asSentence(cause.message)} It tells no position. ${fault}.`, {
    cause,
    advice: 'Say with --position from when on to collect: events before that are not collected any more.',
  });
}

const AGAIN = 'What was read since is read again, and the ledger drops what was delivered.';

/** The ids of hours that were recorded since the copy was made are gone. */
function withForgottenHours(content: CheckpointContent, newestMs: number): CheckpointContent {
  if (content.kind !== 'own') return content;
  const { checkpoint } = content;
  const ledgerFromMs = Math.max(checkpoint.ledgerFromMs, newestMs);
  return { ...content, checkpoint: { ...checkpoint, ledgerFromMs, agreed: undefined } };
}

async function newestHourMs(storage: Storage): Promise<number> {
  let newestMs = -Infinity;
  for (const name of await storage.list(PROOFS_FOLDER)) {
    const content = await storage.read(`${PROOFS_FOLDER}/${name}`);
    if (content === undefined || !isReadable(() => void decodeHours(content, name))) continue;
    for (const { toMs } of decodeHours(content, name)) newestMs = Math.max(newestMs, toMs);
  }
  return newestMs;
}

/** A document that is no JSON any more may still show where it stood. */
function positionIn(content: Uint8Array | undefined): number | undefined {
  const text = Buffer.from(content ?? []).toString('utf8');
  const found = /"most_recent_date_seen"\s*:\s*"([^"]+)"/.exec(text)?.[1];
  return found === undefined ? undefined : parseTimestamp(found)?.ms;
}

function encode(content: CheckpointContent, segments: readonly string[]): Uint8Array {
  if (content.kind === 'own') {
    // What is read again because its ids are lost must not be taken for late.
    const checkpoint: Checkpoint = { ...content.checkpoint, segments, agreed: undefined };
    return encodeCheckpoint(checkpoint, content.others);
  }
  const position = content.kind === 'position' ? { most_recent_date_seen: formatTimestamp(content.positionMs) } : {};
  return Buffer.from(`${JSON.stringify({ ...content.others, ...position }, null, 2)}\n`);
}

async function layAside(storage: Storage, document: string): Promise<void> {
  await keepCopy(storage, document);
  await storage.remove(document);
}

async function keepCopy(storage: Storage, document: string): Promise<void> {
  const content = await storage.read(document);
  if (content !== undefined) await storage.write(`${DAMAGED_FOLDER}/${document.replaceAll('/', '-')}`, content);
}
