import { digestText, type TextDigest, TextTally } from '../text-tally.js';

/** What an intake has accepted, in a form that takes some 24 bytes for each event. */
export interface ReceivedEvents {
  /** Events accepted, repeats included. */
  readonly events: number;
  /** Bytes of the accepted texts, UTF-8. */
  readonly bytes: number;
  /** Events refused. */
  readonly refused: number;
  /** Different texts accepted. */
  readonly distinct: number;
  /** Whole texts, of those that the options wanted kept. */
  readonly texts: readonly string[];
  /** How often exactly this text was accepted. */
  count(text: string | Buffer): number;
  /** The same, by digest. */
  countDigest(digest: TextDigest): number;
  /** Forgets everything. */
  clear(): void;
}

/** The writing half of `ReceivedEvents`. */
interface EventRecorder {
  readonly received: ReceivedEvents;
  /** Takes the exact bytes of an event. */
  accept(event: Buffer): void;
  refuse(): void;
}

const MAX_TEXTS = 1000;

/** Creates an empty record. */
export function createEventRecorder(keepText: (digest: TextDigest) => boolean = () => false): EventRecorder {
  const tally = new TextTally();
  let texts: string[] = [];
  let bytes = 0;
  let refused = 0;
  return {
    received: {
      get events() {
        return tally.total;
      },
      get bytes() {
        return bytes;
      },
      get refused() {
        return refused;
      },
      get distinct() {
        return tally.distinct;
      },
      get texts() {
        return texts;
      },
      count: (text) => tally.count(digestText(text)),
      countDigest: (digest) => tally.count(digest),
      clear: () => {
        tally.clear();
        texts = [];
        bytes = refused = 0;
      },
    },
    accept: (event) => {
      const digest = digestText(event);
      tally.add(digest);
      bytes += event.byteLength;
      if (texts.length < MAX_TEXTS && keepText(digest)) texts.push(event.toString());
    },
    refuse: () => {
      refused++;
    },
  };
}
