import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { drawUpDemoAccount, readDeadLetter, type DemoAccount } from '../../../../src/harness/demo/account.js';
import { drawUpAccount } from '../../../../src/simulators/account.js';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import { EventStore } from '../../../../src/simulators/jumpcloud/event-store.js';
import { createEventRecorder } from '../../../../src/simulators/sekoia/received-events.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const NOW_MS = Date.UTC(2026, 0, 2);
const newDirectory = temporaryDirectories();

const past = { fromMs: NOW_MS - 1000, toMs: NOW_MS, count: 4 };
const generator = createEventGenerator({ seed: 1, oversizedShare: 0 });
const [first, second, third, notYet] = Array.from(generator.spread(past), (event) => ({
  ...event,
  visibleAtMs: NOW_MS,
}));
const [A, B, C] = [first!.text, second!.text, third!.text];

const TRIMMED_C = '{"_trimmed":"C"}';

/** The account of A, B and C, and of a fourth event that the API does not show yet. */
async function accountOf(given: { accepted?: string[]; deadLetter?: object[][] }): Promise<DemoAccount> {
  const store = new EventStore();
  store.addAll([first!, second!, third!, { ...notYet!, visibleAtMs: NOW_MS + 1 }]);
  const recorder = createEventRecorder();
  const { received } = recorder;
  for (const text of given.accepted ?? []) recorder.accept(Buffer.from(text));
  const dataPath = newDirectory();
  for (const [index, entries] of given.deadLetter?.entries() ?? []) {
    mkdirSync(join(dataPath, 'dead-letter'), { recursive: true });
    const lines = entries.map((entry) => `${JSON.stringify({ reason: 'too large', ...entry })}\n`);
    writeFileSync(join(dataPath, 'dead-letter', `0000000${index + 1}.ndjson`), lines.join(''));
  }
  return drawUpDemoAccount({
    simulators: {
      ...{ jumpcloud: { store }, sekoia: { received } },
      account: () => drawUpAccount({ store, received, nowMs: NOW_MS, reachableFromMs: 0 }),
    },
    deadLetter: await readDeadLetter(dataPath),
    trim: (event) => (event.equals(Buffer.from(C)) ? Buffer.from(TRIMMED_C) : undefined),
    ...{ nowMs: NOW_MS, retried: 3 },
  });
}

const SETTLED = { held: 3, trimmed: 0, lost: 0, duplicated: 0, altered: 0, retried: 3, balanced: true };

describe('the account of the demo', () => {
  it('balances where everything was delivered once', async () => {
    expect(await accountOf({ accepted: [A, B, C] })).toEqual({ ...SETTLED, delivered: 3, deadLettered: 0 });
  });

  it('balances where the rest is in the dead letter, whole, as text or as base64', async () => {
    const deadLetter = [[{ event: B }], [{ event_base64: Buffer.from(C).toString('base64') }]];
    expect(await accountOf({ accepted: [A], deadLetter })).toEqual({ ...SETTLED, delivered: 1, deadLettered: 2 });
  });

  it('balances where a trimmed copy was delivered once, and the whole is in the dead letter', async () => {
    const deadLetter = [[{ event: C }]];
    const account = await accountOf({ accepted: [A, B, TRIMMED_C], deadLetter });
    expect(account).toEqual({ ...SETTLED, delivered: 2, trimmed: 1, deadLettered: 0 });
    const twice = await accountOf({ accepted: [A, B, TRIMMED_C, TRIMMED_C], deadLetter });
    expect(twice).toMatchObject({ trimmed: 1, duplicated: 1, altered: 0, balanced: false });
  });

  it('does not take a trimmed copy for the event, where the whole is nowhere', async () => {
    const account = await accountOf({ accepted: [A, B, TRIMMED_C] });
    expect(account).toMatchObject({ trimmed: 0, lost: 1, balanced: false });
  });

  it('does not balance where an event is missing and the dead letter is empty', async () => {
    const account = await accountOf({ accepted: [A, B] });
    expect(account).toMatchObject({ held: 3, delivered: 2, deadLettered: 0, lost: 1, balanced: false });
  });

  it('does not let an event that was dead-lettered twice hide a lost one', async () => {
    const account = await accountOf({ accepted: [A], deadLetter: [[{ event: B }, { event: B }], [{ event: B }]] });
    expect(account).toMatchObject({ delivered: 1, deadLettered: 1, lost: 1, balanced: false });
  });

  it('does not let a stranger in the dead letter hide a lost event', async () => {
    const account = await accountOf({ accepted: [A, B], deadLetter: [[{ event: '{"id":"stranger"}' }]] });
    expect(account).toMatchObject({ deadLettered: 0, lost: 1, balanced: false });
  });

  it('shows an event that arrived altered, as altered and as lost', async () => {
    const account = await accountOf({ accepted: [A, B, `${C} `] });
    expect(account).toMatchObject({ delivered: 2, lost: 1, altered: 1, balanced: false });
  });

  it('counts as lost what is in the dead letter with one byte less', async () => {
    const account = await accountOf({ accepted: [A, B], deadLetter: [[{ event: C.slice(0, -1) }]] });
    expect(account).toMatchObject({ deadLettered: 0, lost: 1, balanced: false });
  });

  it.each([
    ['twice', { accepted: [A, A, B, C] }],
    ['and put in the dead letter', { accepted: [A, B, C], deadLetter: [[{ event: A }]] }],
  ])('counts an event that was delivered %s as duplicated', async (_, given) => {
    const account = await accountOf(given);
    expect(account).toMatchObject({ delivered: 3, deadLettered: 0, lost: 0, duplicated: 1, balanced: false });
  });
});
