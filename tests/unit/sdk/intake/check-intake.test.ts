import { describe, expect, it } from '@jest/globals';

import { abortError, isAbort } from '../../../../src/sdk/errors.js';
import { checkIntake } from '../../../../src/sdk/intake/check-intake.js';
import type { CheckResult } from '../../../../src/sdk/trigger.js';
import { ManualClock } from '../../../support/manual-clock.js';
import {
  inTurn,
  type ScriptedAnswer,
  type Script,
  ScriptedTransport,
  systemError,
} from '../../../support/scripted-transport.js';
import { seededRandom } from '../../../support/seeded-random.js';

const KEY = 'IntakeSecretOfThisTest';
const FOREIGN_KEY = { pattern: /^jca_/, name: 'a JumpCloud API key' };

async function examine(script: Script, intakeKey = KEY, signal = new AbortController().signal) {
  const transport = new ScriptedTransport(script);
  const intake = { url: 'https://intake.example.test', intakeKey, userAgent: 'tests/1', foreignKey: FOREIGN_KEY };
  const context = { transport, clock: new ManualClock(), random: seededRandom(), signal };
  const results: CheckResult[] = [];
  for await (const result of checkIntake(intake, context)) results.push(result);
  const [reachable, keyForm] = results;
  return { results, reachable, keyForm, transport };
}

describe('the examination of an intake', () => {
  it.each<[string, ScriptedAnswer]>([
    ['a page', { body: 'hello' }],
    ['a redirect', { status: 301 }],
    ['a 401', { status: 401 }],
    ['a 404', { status: 404 }],
    ['a 405', { status: 405 }],
    ['a 429', { status: 429 }],
    ['a body that breaks off', { body: 'hel', breaksWith: systemError('ECONNRESET') }],
  ])('takes %s for a sign of life', async (_, answer) => {
    const { reachable, transport } = await examine(inTurn(answer));
    expect(reachable).toEqual({
      name: 'intake reachable',
      state: 'passed',
      detail: 'intake.example.test answers; nothing was sent',
    });
    expect(transport.openBodies).toBe(0);
  });

  it.each<[string, ScriptedAnswer | Error, RegExp, RegExp]>([
    ['has no such name', systemError('ENOTFOUND'), /No answer from intake.*ENOTFOUND/, /spelling.*DNS/],
    ['refuses the connection', systemError('ECONNREFUSED'), /ECONNREFUSED/, /port, firewalls and proxies/],
    [
      'has a certificate of its own making',
      systemError('SELF_SIGNED_CERT_IN_CHAIN'),
      /SELF_SIGNED/,
      /NODE_EXTRA_CA_CERTS/,
    ],
    ['has an error', { status: 500 }, /answered 500/, /status page/],
    ['is overloaded', { status: 503 }, /answered 503/, /status page/],
  ])('fails where it %s, with one remedy', async (_, answer, detail, remedy) => {
    const { reachable, keyForm } = await examine(inTurn(answer));
    expect(reachable).toMatchObject({
      name: 'intake reachable',
      state: 'failed',
      detail: expect.stringMatching(detail),
      remedy: expect.stringMatching(remedy),
    });
    expect(keyForm?.state).toBe('passed');
  });

  it('asks once, sends nothing and gives no key away', async () => {
    const { transport, results } = await examine(inTurn({ status: 405 }));
    expect(transport.requests).toMatchObject([{ method: 'GET', headers: { 'user-agent': 'tests/1' } }]);
    expect(transport.requests[0]).not.toHaveProperty('body');
    expect(JSON.stringify([transport.requests, results])).not.toContain(KEY);
  });

  it.each([
    ['abcDEF123456', 'passed', /^12 letters and digits/],
    ['with-dash_and_underscore', 'passed', /letters and digits/],
    ['jca_abcdefghijkl', 'failed', /JumpCloud API key/],
    ['ab12', 'warning', /unusual/],
    ['has blanks inside', 'warning', /unusual/],
    ['https://intake.example.test', 'warning', /unusual/],
  ])('judges the form of the key %s: %s', async (key, state, detail) => {
    const { keyForm, results } = await examine(inTurn({}), key);
    expect(keyForm).toMatchObject({ name: 'intake key form', state, detail: expect.stringMatching(detail) });
    if (state === 'passed') expect(keyForm).not.toHaveProperty('remedy');
    else expect(keyForm?.remedy).toMatch(/Copy the intake key again/);
    expect(JSON.stringify(results.map((result) => result.detail))).not.toContain(key);
  });

  it.each<[string, (controller: AbortController) => ScriptedAnswer]>([
    ['before the answer', (controller) => (controller.abort(), {})],
    [
      'inside the answer',
      (controller) => {
        queueMicrotask(() => controller.abort());
        return { body: ['a', 'b', 'c'], breaksWith: abortError() };
      },
    ],
  ])('ends when it is told to %s', async (_, answer) => {
    const controller = new AbortController();
    const ended = examine(() => answer(controller), KEY, controller.signal);
    expect(isAbort(await ended.catch((thrown: unknown) => thrown))).toBe(true);
  });
});
