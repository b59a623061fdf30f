import { describe, expect, it } from '@jest/globals';

import { refusal as refusalOf } from '../../../../src/sdk/http/refusal.js';

const HOST = 'api.example.test';

function refusal(host: string, status: number, body: string, requestId: string | undefined) {
  return refusalOf({ host, status, body, requestId }, {});
}

describe('the error for a refused request', () => {
  it.each([
    [400, 'SOURCE_REQUEST_REFUSED'],
    [401, 'SOURCE_CREDENTIAL_REFUSED'],
    [402, 'SOURCE_NOT_LICENSED'],
    [403, 'SOURCE_ROLE_REFUSED'],
    [404, 'SOURCE_NOT_FOUND'],
    [301, 'SOURCE_NOT_FOUND'],
    [399, 'SOURCE_NOT_FOUND'],
    [405, 'SOURCE_REQUEST_REFUSED'],
    [501, 'SOURCE_REQUEST_REFUSED'],
  ])('of status %i is %s, and another try cannot help', (status, code) => {
    expect(refusal(HOST, status, '', undefined)).toMatchObject({ code, status, retryable: false });
  });

  it("quotes the API's own message, which lists the services it knows", () => {
    const body = '{"message":"unknown service \\"sso,radius\\", supported services: all, sso"}';
    expect(refusal(HOST, 400, body, 'r-1').message).toBe(
      'api.example.test answered 400: unknown service "sso,radius", supported services: all, sso (request r-1)',
    );
  });

  it('means what the API says it means, where it says so', () => {
    const meaning = { code: 'SOURCE_NOT_LICENSED', advice: 'Buy it.' } as const;
    const error = refusalOf({ host: HOST, status: 403, body: '', requestId: undefined }, { 403: meaning });
    expect(error).toMatchObject(meaning);
  });

  it('has the request id only where there was one', () => {
    expect(refusal(HOST, 400, '', 'r-1').requestId).toBe('r-1');
    expect(refusal(HOST, 400, '', undefined)).not.toHaveProperty('requestId', expect.anything());
  });
});
