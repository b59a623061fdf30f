import { Writable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';

import { EventList } from '../../../../src/sdk/pipeline/event-list.js';
import { StreamDestination } from '../../../../src/sdk/store-destination/stream-destination.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { splitLines } from '../../../support/exported.js';

const EVENTS = 40;

/** A destination to a stream that takes so many pieces, and then fails; and a batch of some pieces. */
function rig({ pieces = Infinity, code = 'EPIPE', onPiece = (): void => undefined } = {}) {
  const taken: Buffer[] = [];
  const told = { isGone: false };
  const stream = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      if (taken.length >= pieces) {
        done(Object.assign(new Error(`write ${code}`), { code }));
        return;
      }
      taken.push(Buffer.from(piece));
      onPiece();
      done();
    },
  });
  stream.on('error', () => undefined);
  const destination = new StreamDestination({ stream, maxEvents: 1000, onGone: () => (told.isGone = true) });
  const batch = destination.createBatch();
  const texts = Array.from({ length: EVENTS }, (_, n) => `{"id":"${n}","text":"${'x'.repeat(10_000)}"}`);
  const list = new EventList(texts.map((text, n) => rawEvent({ ...testEvent(`${n}`, n), text })));
  batch.add(list, 0, texts.length);
  batch.copyAdded();
  return { deliver: (stop = new Stop()) => destination.deliver(batch, stop), taken, told, texts };
}

/** Throws where the last line is not whole. */
function linesIn(taken: readonly Buffer[]): string[] {
  return splitLines(Buffer.concat(taken).toString());
}

describe('StreamDestination', () => {
  it('writes every event as a line, in order', async () => {
    const { deliver, taken, texts } = rig();
    expect(await deliver()).toEqual({ rejections: [], unsettled: [] });
    expect(linesIn(taken)).toEqual(texts);
  });

  it('acknowledges what the stream took before its reader left, and tells that it left', async () => {
    const { deliver, taken, told, texts } = rig({ pieces: 2 });
    const { unsettled, failure } = await deliver();
    expect(failure).toMatchObject({ name: 'AbortError' });
    expect(told.isGone).toBe(true);
    const lines = linesIn(taken);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines).toEqual(texts.slice(0, lines.length));
    expect(unsettled).toEqual(texts.map((_, n) => n).slice(lines.length));
  });

  it('is refused by a stream that fails otherwise', async () => {
    const { deliver, told } = rig({ pieces: 0, code: 'ENOSPC' });
    expect(await deliver()).toMatchObject({ failure: { code: 'DESTINATION_REFUSED' }, rejections: [] });
    expect(told.isGone).toBe(false);
  });

  it('stops between two pieces, with whole lines', async () => {
    const stop = new Stop();
    const { deliver, taken, texts } = rig({ onPiece: () => stop.force() });
    const { unsettled, failure } = await deliver(stop);
    expect(failure).toMatchObject({ name: 'AbortError' });
    const lines = linesIn(taken);
    expect(taken.length).toBe(1);
    expect(lines.length + unsettled.length).toBe(texts.length);
    expect(unsettled[0]).toBe(lines.length);
  });
});
