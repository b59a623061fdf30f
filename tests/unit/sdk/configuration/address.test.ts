import { describe, expect, it } from '@jest/globals';
import { parseAddress } from '../../../../src/sdk/configuration/address.js';

describe('an address', () => {
  it.each([
    ['https://api.jumpcloud.com/', 'https://api.jumpcloud.com'],
    ['  https://api.jumpcloud.com\n', 'https://api.jumpcloud.com'],
    ['HTTPS://API.JumpCloud.com:443///', 'https://api.jumpcloud.com'],
    ['https://intake.fra2.sekoia.io/api/v1/intake-http/', 'https://intake.fra2.sekoia.io/api/v1/intake-http'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['http://127.8.0.1', 'http://127.8.0.1'],
    ['http://[::1]:9', 'http://[::1]:9'],
    ['http://api.localhost', 'http://api.localhost'],
  ])('written %j is %j', (text, value) => {
    expect(parseAddress(text, 'refuse')).toEqual({ value });
  });

  it.each([
    ['api.jumpcloud.com', 'must be an address such as'],
    ['', 'must be an address such as'],
    ['ftp://api.jumpcloud.com', 'must be an address such as'],
    ['https://', 'must be an address such as'],
    ['https://api.jump cloud.com', 'must be an address such as'],
    ['https://api.jump\ncloud.com', 'must be an address such as'],
    ['localhost:8080', 'must be an address such as'],
    ['https://api.jumpcloud.com/?x=1', 'without ? and #'],
    ['https://api.jumpcloud.com/#x', 'without ? and #'],
    ['http://api.jumpcloud.com', 'must be https'],
    ['http://localhost.example.com', 'must be https'],
    ['http://127.0.0.1.example.com', 'must be https'],
    ['http://128.0.0.1', 'must be https'],
  ])('written %j is refused', (text, problem) => {
    expect(parseAddress(text, 'refuse')).toEqual({ problem: expect.stringContaining(problem) });
  });

  it.each(['https://user:hunter2@host', 'user:hunter2@host'])('never shows a password in it', (text) => {
    expect(parseAddress(text, 'refuse')).toEqual({ problem: 'must not contain a user name or password' });
  });

  it('without encryption can be let through with a warning', () => {
    expect(parseAddress('http://intake.cluster.svc/', 'warn')).toEqual({
      value: 'http://intake.cluster.svc',
      warning: expect.stringContaining('not encrypted'),
    });
    expect(parseAddress('http://127.0.0.1:1/', 'warn')).toEqual({ value: 'http://127.0.0.1:1' });
  });
});
