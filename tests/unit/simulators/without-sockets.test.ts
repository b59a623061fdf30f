import { describe, expect, it } from '@jest/globals';
import type { SimulatedRequest } from '../../../src/simulators/http/exchange.js';
import { createJumpcloudApi } from '../../../src/simulators/jumpcloud/api.js';
import { SYNTHETIC_API_KEY } from '../../../src/simulators/jumpcloud/options.js';
import { createIntake } from '../../../src/simulators/sekoia/intake.js';
import { batch, event, NOW, WHOLE_DAY } from './support.js';

function request(path: string, body: object | Buffer, headers: Record<string, string[]> = {}): SimulatedRequest {
  return {
    method: 'POST',
    path,
    query: new URLSearchParams(),
    headers: { 'content-type': ['application/json'], ...headers },
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  };
}

describe('the simulators without sockets', () => {
  it('answer for the API', () => {
    const api = createJumpcloudApi({ now: () => NOW });
    const one = event('08:00:00');
    api.add(one);
    const asked = request('/insights/directory/v1/events', WHOLE_DAY, { 'x-api-key': [SYNTHETIC_API_KEY] });
    const answer = api.handle(asked);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(`[${one.text}]`);
    expect(api.handle({ ...asked, headers: {} }).status).toBe(401);
  });

  it('answer for several organizations, each in a header of its own', () => {
    const api = createJumpcloudApi({ now: () => NOW });
    const organizations = ['a'.repeat(24), 'b'.repeat(24), 'c'.repeat(24)];
    organizations.forEach((organization) => api.add(event('08:00:00', { organization })));
    const headers = { 'x-api-key': [SYNTHETIC_API_KEY], 'x-org-id': organizations.slice(0, 2) };
    const answer = api.handle(request('/insights/directory/v1/events/count', WHOLE_DAY, headers));
    expect(answer.body.toString()).toBe('{"count":2}');
  });

  it('answer for the intake, and tell what shall happen on the wire', () => {
    const effect = { kind: 'reset', point: 'after_processing' } as const;
    const faults = [{ name: 'f', side: 'sekoia', when: { from_request: 2 }, effect } as const];
    const intake = createIntake({ now: () => NOW, scenario: { version: 1, faults } });
    expect(intake.handle(request('/batch', batch(['{}']))).wire).toBeUndefined();
    expect(intake.handle(request('/batch', batch(['[]']))).wire).toEqual({ reset: 'before-answer' });
    expect(intake.received.events).toBe(2);
  });

  it('measure requests that no server has measured', () => {
    const intake = createIntake({ maxRequestBytes: 100 });
    expect(intake.handle(request('/batch', batch(['a'.repeat(200)]))).status).toBe(413);
    expect(intake.handle(request('/batch', batch(['a']))).status).toBe(200);
  });
});
