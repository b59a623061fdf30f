import { refusalsOf } from '../../src/jumpcloud/api/refusals.js';
import { createCredential } from '../../src/jumpcloud/credential.js';
import { unchanging } from '../../src/sdk/held-settings.js';
import { ManualClock } from './manual-clock.js';

/** What a client needs to ask by this API key. */
export function byApiKey(apiKey: string) {
  const account = { baseUrl: 'https://api.test', apiKey };
  const transport = { request: () => Promise.reject(new Error('An API key needs no token')) };
  const credential = createCredential(unchanging(account), { transport, clock: new ManualClock() });
  return { credential, refusals: refusalsOf(account) };
}
