import { gzipSync } from 'node:zlib';

/** An event as the API would give it, parsed. */
export type ApiEvent = Record<string, unknown>;

/** A content, with the texts of its events in their order. */
export interface StoredFixture {
  readonly content: Buffer;
  readonly texts: readonly string[];
}

type Layout = (events: readonly ApiEvent[]) => StoredFixture;

/** The layouts of the official exporter (Directory Insights, file exports), and what else is met. */
export const LAYOUTS = {
  /** Indented by two. */
  multiLine,
  /** An array whose events are joined by comma and newline. */
  singleLine,
  compactArray: (events) => fixture(JSON.stringify(events), textsOf(events)),
  ndjson: (events) => lines(events, '\n'),
  ndjsonCrlf: (events) => lines(events, '\r\n'),
  ndjsonBlankLines: (events) => lines(events, '\n \n\n'),
  ndjsonNoLastLine: (events) => fixture(textsOf(events).join('\n'), textsOf(events)),
  ndjsonMark: (events) => marked(lines(events, '\n')),
  multiLineMark: (events) => marked(multiLine(events)),
  /** One behind the other. */
  concatenated: (events) => fixture(textsOf(events).join(''), textsOf(events)),
  /** As jq prints them. */
  indented: (events) => {
    const texts = events.map((event) => JSON.stringify(event, undefined, 2));
    return fixture(texts.map((text) => `${text}\n`).join(''), texts);
  },
  /** Objects of an exporter, put into one. */
  twoArrays: (events) => {
    const middle = events.length >> 1;
    const [a, b] = [singleLine(events.slice(0, middle)), multiLine(events.slice(middle))];
    return { content: Buffer.concat([a.content, b.content]), texts: [...a.texts, ...b.texts] };
  },
} satisfies Record<string, Layout>;

/** How objects are compressed, beside not at all. */
export const COMPRESSIONS: Record<string, (content: Buffer) => Buffer> = {
  plain: (content) => content,
  gzip: (content) => gzipSync(content, { level: 9 }),
  gzipMembers: (content) => {
    const middle = content.length >> 1;
    return Buffer.concat([
      gzipSync(content.subarray(0, middle)),
      gzipSync(content.subarray(middle)),
      Buffer.alloc(512),
    ]);
  },
  zstd: (content) => zstdStored(content),
  zstdFrames: (content) => {
    const middle = content.length >> 1;
    const skippable = Buffer.concat([Buffer.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0), Buffer.from('pad')]);
    return Buffer.concat([skippable, zstdStored(content.subarray(0, middle)), zstdStored(content.subarray(middle))]);
  },
};

/** Order of rows in the exporter's files: by timestamp, as text, the newest first. */
export function descending(events: readonly ApiEvent[]): ApiEvent[] {
  return [...events].sort((a, b) => (String(a['timestamp']) < String(b['timestamp']) ? 1 : -1));
}

/** What the exporter for Google Cloud makes of an event before it writes it as a line. */
export function sanitised(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(sanitised);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [sanitisedKey(key), sanitised(member)]);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

function sanitisedKey(key: string): string {
  const plain = key.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(plain) ? `_${plain}` : plain;
}

/** A zstd frame of blocks that are not compressed (RFC 8878), of which the last one repeats a byte where the content does. */
export function zstdStored(content: Buffer, blockBytes = 1000): Buffer {
  const parts: Buffer[] = [Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58)];
  let at = 0;
  do {
    const block = content.subarray(at, at + blockBytes);
    at += block.length;
    const isRepeated = block.length > 1 && block.every((byte) => byte === block[0]);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (isRepeated ? 2 : 0) | (at === content.length ? 1 : 0), 0, 3);
    parts.push(head, isRepeated ? block.subarray(0, 1) : block);
  } while (at < content.length);
  return Buffer.concat(parts);
}

function multiLine(events: readonly ApiEvent[]): StoredFixture {
  const texts = events.map((event) => JSON.stringify(event, undefined, 2).replaceAll('\n', '\n  '));
  return fixture(texts.length === 0 ? '[]' : `[\n  ${texts.join(',\n  ')}\n]`, texts);
}

function singleLine(events: readonly ApiEvent[]): StoredFixture {
  const texts = textsOf(events);
  return fixture(`[${texts.join(',\n')}]`, texts);
}

function textsOf(events: readonly ApiEvent[]): string[] {
  return events.map((event) => JSON.stringify(event));
}

function lines(events: readonly ApiEvent[], end: string): StoredFixture {
  const texts = textsOf(events);
  return fixture(texts.map((text) => text + end).join(''), texts);
}

function marked({ content, texts }: StoredFixture): StoredFixture {
  return { content: Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), content]), texts };
}

function fixture(content: string, texts: readonly string[]): StoredFixture {
  return { content: Buffer.from(content), texts };
}
