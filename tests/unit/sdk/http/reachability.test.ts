import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { CONNECTION_STAGES, failedStage, STAGE_REMEDIES } from '../../../../src/sdk/http/reachability.js';
import { systemError } from '../../../support/scripted-transport.js';

function unreachable(cause: unknown, host = 'api.example.test'): ModuleError {
  return new ModuleError('SOURCE_UNREACHABLE', `No answer from ${host}`, { cause });
}

describe('the stage at which a connection failed', () => {
  it.each([
    ['ENOTFOUND', 'name resolution'],
    ['EAI_AGAIN', 'name resolution'],
    ['ENODATA', 'name resolution'],
    ['ESERVFAIL', 'name resolution'],
    ['ECONNREFUSED', 'connection'],
    ['EHOSTUNREACH', 'connection'],
    ['ETIMEDOUT', 'connection'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connection'],
    ['UND_ERR_HEADERS_TIMEOUT', 'connection'],
    ['UND_ERR_SOCKET', 'connection'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS'],
    ['CERT_HAS_EXPIRED', 'TLS'],
    ['CERT_NOT_YET_VALID', 'TLS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS'],
    ['EPROTO', 'TLS'],
  ])('of %s is %s, however deep it lies', (code, stage) => {
    const error = systemError(code, 'what happened');
    expect(failedStage(error)).toBe(stage);
    expect(failedStage(unreachable(error))).toBe(stage);
    expect(failedStage(unreachable(new TypeError('fetch failed', { cause: error })))).toBe(stage);
  });

  it.each([
    new Error('unable to verify the first certificate'),
    systemError('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established'),
  ])('is TLS where only the text says so: %s', (error) => {
    expect(failedStage(unreachable(error))).toBe('TLS');
  });

  it('is not told by the name of the host', () => {
    const host = 'tls-certificates.example.test';
    expect(failedStage(unreachable(systemError('ECONNREFUSED'), host))).toBe('connection');
    expect(failedStage(unreachable(new Error('no answer'), host))).toBe('connection');
    expect(failedStage(systemError('UND_ERR_CONNECT_TIMEOUT', `attempted address: ${host}:443`))).toBe('connection');
  });

  it.each([undefined, null, 'text', 7, {}, { code: 'ENOTFOUND' }, new Error('?')])(
    'is the connection for whatever else was thrown: %p',
    (thrown) => {
      expect(failedStage(thrown)).toBe('connection');
    },
  );

  it('is found where causes go round in a circle', () => {
    const error = new Error('first');
    error.cause = new Error('second', { cause: error });
    expect(failedStage(error)).toBe('connection');
  });

  it('has a remedy each', () => {
    for (const stage of CONNECTION_STAGES) expect(STAGE_REMEDIES[stage]).toMatch(/^Check .*\.$/);
  });
});
