import { timeOf, type Timeline } from '../timeline.js';

/** What every id begins with, and nothing else has: by it, whoever sees the bytes counts the events in them. */
export const ID_MARK = '~';
/** Digits of an event's number, which the rest of its id is. */
export const NUMBER_DIGITS = 23;

/** Events of this size and more share all of their text but its begin: they would not fit into memory. */
const SHARED_FROM_BYTES = 8192;
/** Rendered at once, in two milliseconds: while a long page is sent, other requests are answered between two of these. */
const SLAB_ROWS = 1000;
/** A backlog of up to so many bytes is rendered before the clock starts; of a longer one, the latest slabs are kept. */
const RESIDENT_BYTES = 900e6;
/** Readers of several ranges each come back to the slab that their last page ended in. */
const KEPT_SLABS = 64;

/** The texts of all events, of one size each. */
export interface EventTexts {
  /** The texts from one event to before another with commas between, in pieces. */
  pieces(from: number, to: number): Iterable<Buffer>;
  /** How many bytes these are. */
  byteLength(from: number, to: number): number;
}

/** Prepares events of `bytes` bytes, which is at least 400. */
export function createEventTexts(timeline: Timeline, bytes: number): EventTexts {
  const tail = Buffer.from(`${MEMBERS}${filling(bytes - beginning(0, 0).length - MEMBERS.length - 1)}}`, 'latin1');
  const begin = (row: number): string => beginning(row, timeOf(timeline, row));
  const byteLength = (from: number, to: number): number => Math.max(0, (to - from) * (bytes + 1) - 1);
  if (bytes >= SHARED_FROM_BYTES) {
    return {
      byteLength,
      *pieces(from, to) {
        for (let row = from; row < to; row += 1) {
          yield Buffer.from(`${row === from ? '' : ','}${begin(row)}`, 'latin1');
          yield tail;
        }
      },
    };
  }

  const anyRow = Buffer.concat([Buffer.from(`,${beginning(0, 0)}`, 'latin1'), tail]);
  const render = (slab: number): Buffer => {
    const rows = Buffer.allocUnsafe(SLAB_ROWS * anyRow.length).fill(anyRow);
    const first = slab * SLAB_ROWS;
    for (let row = first; row < first + SLAB_ROWS && timeOf(timeline, row) < Infinity; row += 1) {
      rows.write(begin(row), (row - first) * anyRow.length + 1, 'latin1');
    }
    return rows;
  };
  const kept = new Map<number, Buffer>();
  const slabs = Math.ceil(timeline.backlog.count / SLAB_ROWS);
  const isResident = timeline.backlog.count * bytes <= RESIDENT_BYTES;
  if (isResident) for (let slab = 0; slab < slabs; slab += 1) kept.set(slab, render(slab));

  const slabOf = (slab: number): Buffer => {
    const rows = kept.get(slab) ?? render(slab);
    kept.set(slab, rows);
    if (kept.size > (isResident ? slabs : 0) + KEPT_SLABS) {
      for (const oldest of kept.keys()) {
        if (isResident && oldest < slabs) continue;
        kept.delete(oldest);
        break;
      }
    }
    return rows;
  };
  return {
    byteLength,
    *pieces(from, to) {
      for (let row = from; row < to;) {
        const slab = Math.floor(row / SLAB_ROWS);
        const end = Math.min(to, (slab + 1) * SLAB_ROWS);
        const offset = (row - slab * SLAB_ROWS) * (bytes + 1);
        yield slabOf(slab).subarray(offset + (row === from ? 1 : 0), offset + (end - row) * (bytes + 1));
        row = end;
      }
    },
  };
}

function beginning(row: number, timeMs: number): string {
  const number = String(row).padStart(NUMBER_DIGITS, '0');
  return `{"id":"${ID_MARK}${number}","timestamp":"${new Date(timeMs).toISOString()}"`;
}

const MEMBERS =
  ',"service":"sso","@version":"1","organization":"5f1a2b3c4d5e6f7a8b9c0d1e","event_type":"sso_auth","success":true,' +
  '"client_ip":"198.51.100.23","initiated_by":{"type":"user","username":"ada.example","email":"ada@example.com"},' +
  '"geoip":{"country_code":"FR","latitude":48.85,"longitude":2.35}';

/** Further members, with about as many quotes as the real ones have, up to an exact length. */
function filling(bytes: number): string {
  const members: string[] = [];
  let left = bytes;
  for (let number = 0; left > 0; number += 1) {
    const name = `,"detail_${String(number).padStart(6, '0')}":"`;
    const value = left < 2 * (name.length + 21) ? left - name.length - 1 : 20;
    if (value < 0) throw new RangeError(`no event is so short that ${bytes} bytes are left`);
    members.push(`${name}${(value < 2 ? '' : '\\\\').padEnd(value, 'some text ')}"`);
    left -= name.length + value + 1;
  }
  return members.join('');
}
