import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { ModuleError } from '../../../../src/sdk/errors.js';
import type { AwsAccess } from '../../../../src/sdk/stored/aws-access.js';
import { openS3Objects, type S3Objects } from '../../../../src/sdk/stored/s3-objects.js';
import { systemClock } from '../../../../src/sdk/system.js';
import { loopbackServer, type LoopbackAnswer, type LoopbackServer } from '../../../support/loopback-server.js';
import { type ScriptedS3, startScriptedS3 } from '../../../support/scripted-s3.js';
import { seededRandom } from '../../../support/seeded-random.js';

const ROLE = { arn: 'arn:aws:iam::000000000000:role/reader', externalId: 'of-this-test' };
const TEMPORARY = { id: 'the-temporary-key', token: 'the-session-token' };
const GIVEN = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>${TEMPORARY.id}</AccessKeyId><SecretAccessKey>the-temporary-secret</SecretAccessKey>
  <SessionToken>${TEMPORARY.token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>`;
const { signal } = new AbortController();
const signedBy = (id: string): unknown => expect.stringContaining(`Credential=${id}/`);

describe('a role that is taken on', () => {
  let s3: ScriptedS3;
  let sts: LoopbackServer;
  let answer: LoopbackAnswer;
  let objects: S3Objects;

  beforeEach(async () => {
    s3 = await startScriptedS3();
    sts = await loopbackServer(() => answer);
    process.env['AWS_ENDPOINT_URL_STS'] = sts.url;
    objects = await open(ROLE);
  });
  afterEach(async () => {
    delete process.env['AWS_ENDPOINT_URL_STS'];
    objects.close();
    await sts.close();
    await s3.close();
  });

  function open(role: AwsAccess['role']): Promise<S3Objects> {
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3;
    return openS3Objects(
      { ...{ endpoint, bucket, region, role, prefix: '', pathStyle: true }, keys: { accessKeyId, secretAccessKey } },
      { clock: systemClock, random: seededRandom(1), listener: () => undefined },
    );
  }

  async function refusal(): Promise<ModuleError> {
    const thrown: unknown = await objects
      .list(signal)
      .next()
      .catch((error: unknown) => error);
    return thrown as ModuleError;
  }

  it('is asked for with the keys, once, and its own keys sign what the storage is asked', async () => {
    answer = { body: GIVEN };
    s3.put('a', 'content');
    const { value } = await objects.list(signal).next();
    await value?.[0]?.open(signal);
    expect(sts.requests).toHaveLength(1);
    expect(sts.requests[0]?.headers.authorization).toEqual(signedBy(s3.accessKeyId));
    expect(Object.fromEntries(new URLSearchParams(sts.requests[0]?.body))).toMatchObject({
      ...{ Action: 'AssumeRole', RoleArn: ROLE.arn, ExternalId: ROLE.externalId, RoleSessionName: 'sekoia-module' },
    });
    expect(s3.requests.map(({ key }) => key)).toEqual(['', 'a']);
    for (const { headers } of s3.requests) {
      expect(headers.authorization).toEqual(signedBy(TEMPORARY.id));
      expect(headers['x-amz-security-token']).toBe(TEMPORARY.token);
    }
  });

  it.each([
    [403, 'AccessDenied', /trust policy/],
    [403, 'InvalidClientTokenId', /access_key_id/],
    [400, 'ValidationError', /role_arn/],
  ])('stops reading where it is refused (%d %s), as a fault of role_arn', async (status, code, advice) => {
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>It says ${code}</Message></Error>`;
    answer = { status, body: `<ErrorResponse>${error}</ErrorResponse>` };
    expect(await refusal()).toMatchObject({
      ...{ code: 'SOURCE_CREDENTIAL_REFUSED', status, retryable: false },
      ...{ message: `Cannot take on role_arn ${ROLE.arn} (${code}, ${status})`, advice: expect.stringMatching(advice) },
    });
    expect(s3.requests).toEqual([]);
  });

  it('is not waited for at a stop', async () => {
    answer = 'never';
    const stop = new AbortController();
    const listing = objects.list(stop.signal).next();
    while (sts.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    stop.abort();
    await expect(listing).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is waited for where nobody can be asked', async () => {
    await sts.close();
    expect(await refusal()).toMatchObject({
      ...{ code: 'SOURCE_UNREACHABLE', retryable: true },
      advice: expect.stringContaining('AWS_ENDPOINT_URL_STS'),
    });
  });
});
