import type { EventStore } from './jumpcloud/event-store.js';
import type { ReceivedEvents } from './sekoia/received-events.js';

/** What the API holds, compared with what the intake accepted, text by text and byte by byte. */
export interface Account {
  /** Events that the API has shown so far (those too old from the beginning left out). */
  readonly held: number;
  /** Of these, events that the intake accepted at least once. */
  readonly delivered: number;
  /** `held - delivered`. */
  readonly lost: number;
  /** Acceptances beyond the first of an event, summed up. */
  readonly duplicated: number;
  /** Accepted texts that no event of the API has: altered events, or other people's. Repeats count. */
  readonly unknown: number;
  /** Identifiers of the first lost events, at most twenty. */
  readonly lostIds: readonly string[];
}

const MAX_LOST_IDS = 20;

/** Draws up the account at an instant (epoch milliseconds). */
export function drawUpAccount(options: {
  readonly store: EventStore;
  readonly received: ReceivedEvents;
  readonly nowMs: number;
  /** Events with a timestamp before this were never to be had, epoch milliseconds. */
  readonly reachableFromMs: number;
}): Account {
  const { store, received, nowMs, reachableFromMs } = options;
  const lostIds: string[] = [];
  let [held, delivered, ours] = [0, 0, 0];
  for (let row = 0; row < store.size; row++) {
    const times = received.countDigest(store.digest(row));
    ours += times;
    if (store.visibleAtMs(row) > nowMs || store.timestampMs(row) < reachableFromMs) continue;
    held++;
    if (times > 0) delivered++;
    else if (lostIds.length < MAX_LOST_IDS) lostIds.push(idOf(store.text(row)));
  }
  return {
    held,
    delivered,
    lost: held - delivered,
    duplicated: ours - distinctOf(store, received),
    unknown: received.events - ours,
    lostIds,
  };
}

function distinctOf(store: EventStore, received: ReceivedEvents): number {
  let distinct = 0;
  for (let row = 0; row < store.size; row++) if (received.countDigest(store.digest(row)) > 0) distinct++;
  return distinct;
}

function idOf(text: Buffer): string {
  const { id } = JSON.parse(text.toString()) as { id: string };
  return id;
}
