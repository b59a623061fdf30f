import { crc32 } from 'node:zlib';

import { DeliveryState } from '../../../src/sdk/checkpoint/delivery-state.js';
import { isObject, type Json, seal } from '../../../src/sdk/checkpoint/sealed-document.js';
import { planStateRepair } from '../../../src/sdk/checkpoint/state-repair.js';
import { Ledger } from '../../../src/sdk/ledger/ledger.js';
import { createMemoryStorage } from '../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../src/sdk/storage/storage.js';
import type { SeededRandom } from '../../../src/simulators/random.js';
import { mutateBytes, mutateValue } from './mutate.js';
import { faultOf, NOW_MS, type Target } from './target.js';

const HOUR_MS = 3_600_000;
/** A start that asks for more documents than this takes minutes on a disk. */
const MOST_READS = 20_000;
const FOLDERS = ['', 'ledger', 'proofs', 'backup'];

/** The checkpoint, its copy, the ledger and the proofs; with checksums that hold, as one who means it would write them. */
export const stateFiles: Target = {
  name: 'a state file',
  async attack(random) {
    const storage = counted(await copyOf(await honestState()));
    const names = await namesIn(storage);
    for (let left = 1 + random.below(2); left > 0; left -= 1) await damage(storage, random.pick(names), random);
    const fault = await goOn(storage);
    if (fault !== undefined) return fault;
    return random.chance(0.3) ? mend(storage) : undefined;
  },
};

/** Opens it, commits, and opens it again: what was taken has to be written so that it can be taken again. */
async function goOn(storage: Storage): Promise<string | undefined> {
  let owed: string;
  try {
    const state = await open(storage);
    await state.commit({ entries: [], settled: undefined });
    owed = JSON.stringify(state.owed.intervals);
  } catch (error) {
    return faultOf(error, /^STATE_CORRUPT$/);
  }
  try {
    const again = JSON.stringify((await open(storage)).owed.intervals);
    return again === owed ? undefined : `owed was ${owed} and is now ${again}`;
  } catch (error) {
    return `what it wrote itself is refused: ${String(error)}`;
  }
}

/** After a repair it opens, or there is an error that says what to do. */
async function mend(storage: Storage): Promise<string | undefined> {
  try {
    const plan = await planStateRepair(storage, NOW_MS);
    await plan.apply();
  } catch (error) {
    return faultOf(error, /^STATE_CORRUPT$/);
  }
  try {
    await open(storage);
    return undefined;
  } catch (error) {
    return `after a repair: ${String(error)}`;
  }
}

function open(storage: Storage): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: NOW_MS, keepMs: 24 * HOUR_MS, stream: 'all' });
}

let made: Promise<Storage> | undefined;

/** A data path of a connector that has worked for a while, with a gap, a backfill and an hour that it has the numbers of. */
function honestState(): Promise<Storage> {
  made ??= makeState();
  return made;
}

async function makeState(): Promise<Storage> {
  const storage = createMemoryStorage();
  const fromMs = NOW_MS - 30 * HOUR_MS;
  const state = await DeliveryState.open({ storage, startFromMs: fromMs, keepMs: 24 * HOUR_MS, stream: 'all' });
  const entries = Array.from({ length: 300 }, (_, n) => ({
    ...Ledger.keyOf({ id: `e${n}`, bytes: Buffer.from('{}'), timestampMs: fromMs + n * 300_000 }, NOW_MS),
    isDeadLettered: n % 50 === 0,
  }));
  await state.commit({ entries, settled: { lane: 'tail', fromMs, toMs: NOW_MS } });
  state.owe({ fromMs: NOW_MS - 2 * HOUR_MS, toMs: NOW_MS - HOUR_MS });
  state.backfill({ fromMs: fromMs - 48 * HOUR_MS, toMs: fromMs - 40 * HOUR_MS });
  state.explain({ fromMs: NOW_MS - 5 * HOUR_MS, toMs: NOW_MS - 4 * HOUR_MS }, 2);
  state.lateness.record('sso', 1500);
  const disputed = [{ fromMs: NOW_MS - 5 * HOUR_MS, toMs: NOW_MS - 4 * HOUR_MS }];
  state.agree({ fromMs, toMs: NOW_MS - HOUR_MS, atMs: NOW_MS, disputed });
  const numbers = { delivered: 12, deadLettered: 0, explained: 0, proof: 'unknown' } as const;
  const hourFromMs = Math.floor((NOW_MS - 8 * HOUR_MS) / HOUR_MS) * HOUR_MS;
  await state.hours.write([{ fromMs: hourFromMs, toMs: hourFromMs + HOUR_MS, ...numbers }]);
  await state.commit({ entries: [], settled: undefined });
  return storage;
}

async function copyOf(storage: Storage): Promise<Storage> {
  const copy = createMemoryStorage();
  for (const name of await namesIn(storage)) await copy.write(name, (await storage.read(name)) ?? new Uint8Array());
  return copy;
}

async function namesIn(storage: Storage): Promise<string[]> {
  const names: string[] = [];
  for (const folder of FOLDERS)
    names.push(...(await storage.list(folder)).map((file) => (folder === '' ? file : `${folder}/${file}`)));
  return names;
}

function counted(storage: Storage): Storage {
  let reads = 0;
  return {
    ...storage,
    read: (name) => {
      reads += 1;
      if (reads > MOST_READS) throw new Error(`more than ${MOST_READS} documents are asked for`);
      return storage.read(name);
    },
  };
}

async function damage(storage: Storage, name: string, random: SeededRandom): Promise<void> {
  const content = await storage.read(name);
  if (content === undefined) return;
  if (random.chance(0.05)) await storage.remove(name);
  else await storage.write(name, damaged(name, content, random));
}

function damaged(name: string, content: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.chance(0.3)) return mutateBytes(content, random);
  if (name.endsWith('.bin')) return withChecksum(mutateBytes(content.subarray(0, -4), random), content, random);
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return mutateBytes(content, random);
  }
  return Buffer.from(JSON.stringify(resealed(document, random)));
}

/** A document with another content under a checksum that holds. */
function resealed(document: unknown, random: SeededRandom): unknown {
  if (!isObject(document)) return document;
  const own = document['delivery'];
  if (isObject(own)) return { ...document, delivery: resealedOwn(own, random) };
  return resealedOwn(document, random);
}

function resealedOwn(sealed: Json, random: SeededRandom): unknown {
  const own = Object.entries(sealed).filter(([name]) => name !== 'checksum');
  const mutated = mutateValue(Object.fromEntries(own), random);
  return isObject(mutated) ? seal(mutated) : mutated;
}

function withChecksum(body: Buffer, honest: Uint8Array, random: SeededRandom): Buffer {
  // What is no segment at all is found out at once: keep its head as a rule.
  const bytes = random.chance(0.9) ? Buffer.concat([honest.subarray(0, 8), body.subarray(8)]) : body;
  const end = Buffer.alloc(4);
  end.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, end]);
}
