import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  decodeLeader,
  decodeSlice,
  deliveredOf,
  encodeSlice,
  identityOf,
  isSame,
  jobIdOf,
} from '../../../../src/harness/queue/slice-job.js';

const SECRETS = ['a-credential', 'an-intake-key'];
const IDENTITY = identityOf('services all', SECRETS);
const anySlice = fc
  .tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 1, max: 1e9 }), fc.option(fc.nat(), { nil: undefined }))
  .map(([fromMs, lengthMs, events]) => ({ fromMs, toMs: fromMs + lengthMs, events }));

describe('a slice as a job', () => {
  it('is the same slice after JSON, with a name that only its range makes', () => {
    fc.assert(
      fc.property(anySlice, (slice) => {
        const data: unknown = JSON.parse(JSON.stringify(encodeSlice(slice, IDENTITY)));
        expect(decodeSlice(data)).toEqual({ ...slice, ...IDENTITY });
        expect(jobIdOf({ ...slice, events: 1 })).toBe(jobIdOf({ ...slice, events: undefined }));
        expect(jobIdOf({ ...slice, toMs: slice.toMs + 1 })).not.toBe(jobIdOf(slice));
        // What BullMQ does not take for a name.
        expect(jobIdOf(slice)).toMatch(/^slice-[\d-]+$/);
      }),
    );
  });

  it('is none where anything is missing, whatever it is', () => {
    const whole = encodeSlice({ fromMs: 1000, toMs: 2000, events: 3 }, IDENTITY);
    for (const name of ['stream', 'account', 'from', 'to']) {
      expect(decodeSlice({ ...whole, [name]: undefined })).toBeUndefined();
    }
    expect(decodeSlice({ ...whole, to: whole.from })).toBeUndefined();
    fc.assert(fc.property(fc.anything(), (data) => decodeSlice(data) === undefined && deliveredOf(data) >= 0));
  });

  it('tells accounts apart without telling their secrets', () => {
    expect(isSame(IDENTITY, identityOf('services all', SECRETS))).toBe(true);
    expect(isSame(IDENTITY, identityOf('services sso', SECRETS))).toBe(false);
    expect(isSame(IDENTITY, identityOf('services all', ['a-credential', 'another']))).toBe(false);
    expect(isSame(IDENTITY, identityOf('services all', SECRETS.toReversed()))).toBe(false);
    expect(JSON.stringify(IDENTITY)).not.toMatch(/credential|intake/);
    expect(decodeLeader(JSON.stringify({ ...IDENTITY, version: '1', coordinator: 'x' }))).toEqual({
      ...IDENTITY,
      version: '1',
    });
    for (const text of ['', '[]', '{}', 'null', '{"stream":1}']) expect(decodeLeader(text)).toBeUndefined();
  });
});
