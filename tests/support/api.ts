import { DirectoryInsightsClient } from '../../src/jumpcloud/api/client.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import type { HttpTransport } from '../../src/sdk/ports.js';
import { byApiKey } from './by-api-key.js';
import { ManualClock } from './manual-clock.js';
import type { ScriptedAnswer } from './scripted-transport.js';
import { seededRandom } from './seeded-random.js';

export const API_URL = 'https://api.example.test';
export const API_KEY = 'jca_secret-of-this-test';
export const REQUEST_ID = '7d0c5b7e-1f0a-4c55-9a0e-3b6f0c1d2e4f';

/** A client in a world of its own. */
export function apiClient(
  transport: HttpTransport,
  more: { readonly clock?: ManualClock; readonly organizationId?: string } = {},
) {
  const { clock = new ManualClock({ autoAdvance: true }), ...options } = more;
  const told: PipelineEvent[] = [];
  const client = new DirectoryInsightsClient({
    baseUrl: API_URL,
    ...byApiKey(API_KEY),
    userAgent: 'tests/1',
    transport,
    clock,
    random: seededRandom(),
    listener: (event) => void told.push(event),
    ...options,
  });
  return { client, clock, told };
}

/** A page as the API answers it. */
export function pageAnswer(
  rows: readonly string[],
  { limit, token, ...more }: { limit?: number; token?: string; sort?: string; headers?: Record<string, string> } = {},
): ScriptedAnswer {
  return {
    headers: {
      'X-Result-Count': String(rows.length),
      ...(limit === undefined ? {} : { 'X-Limit': String(limit) }),
      'X-Sort': more.sort ?? 'ASC',
      ...(token === undefined ? {} : { 'X-Search_after': token }),
      'X-Request-Id': REQUEST_ID,
      ...more.headers,
    },
    body: `[${rows.join(',')}]`,
  };
}
