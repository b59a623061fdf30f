import { describe, expect, it } from '@jest/globals';

import { makeCertificates } from '../../../support/certificates.js';
import { bytes, errorOf, s3Rig } from '../../../support/s3-rig.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const rig = s3Rig();
const newDirectory = temporaryDirectories();

describe('S3 over TLS', () => {
  const { ca, server, client } = makeCertificates(newDirectory());
  const demanding = { ...server, ca, requestCert: true, rejectUnauthorized: true };

  it('works with an authority of its own and the client certificate that the server demands', async () => {
    await rig.startTls(demanding);
    const storage = await rig.open({ tls: { ca, client } });
    await storage.write('a.json', bytes('{}'));
    expect(Buffer.from((await storage.read('a.json'))!).toString()).toBe('{}');
  });

  it('says what is missing where there is no client certificate', async () => {
    await rig.startTls(demanding);
    const error = await errorOf((await rig.open({ tls: { ca } })).examine());
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringContaining('client_cert') });
  });

  it('says what to check where nobody knows the authority, and sends nothing', async () => {
    await rig.startTls(server);
    const error = await errorOf((await rig.open()).examine());
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringContaining('ca_cert') });
    expect(rig.server.requests).toEqual([]);
  });
});
