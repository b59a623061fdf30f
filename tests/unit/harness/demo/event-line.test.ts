import { describe, expect, it } from '@jest/globals';

import { eventLine } from '../../../../src/harness/demo/event-line.js';

const line = (event: unknown): string => eventLine(JSON.stringify(event));

describe('the line on an event', () => {
  it('tells what, who, of what, where and from where', () => {
    const event = {
      event_type: 'sso_auth',
      initiated_by: { type: 'user', username: 't.moreira' },
      application: { name: 'payroll' },
      system: { hostname: 'desk-7' },
      sso_token_success: true,
      client_ip: '198.51.100.203',
    };
    expect(line(event)).toBe('sso_auth  t.moreira  → payroll  on desk-7  from 198.51.100.203');
  });

  it.each([
    [{ event_type: 'ldap_bind', success: false, username: 'a.b' }, 'ldap_bind  a.b  FAILED'],
    [{ event_type: 'sso_auth', sso_token_success: false }, 'sso_auth  FAILED'],
    [{ event_type: 'user_update', initiated_by: { email: 'a@b.test' } }, 'user_update  a@b.test'],
    [{ event_type: 'user_update', resource: { username: 'c.d' } }, 'user_update  → c.d'],
    [{ event_type: '', initiated_by: null, system: [], client_ip: 7 }, 'event'],
    [{}, 'event'],
    [null, 'event'],
    [[1], 'event'],
  ])('of %j is %j', (event, text) => {
    expect(line(event)).toBe(text);
  });
});
