/**
 * What one writes in an afternoon: pages of 1,000 events, parsed, made into texts again and pushed, one after the other,
 * with nothing but what Node.js brings.
 */
import { eventsQuery, variantOptions } from './wire.js';

const LIMIT = 1000;

const { apiUrl, intakeUrl, fromMs, toMs } = variantOptions();
const query = eventsQuery(fromMs, toMs, LIMIT);
let searchAfter: unknown;
for (;;) {
  const page = await post(`${apiUrl}/insights/directory/v1/events`, { ...query, search_after: searchAfter });
  const events = (await page.json()) as object[];
  if (events.length > 0) {
    const jsons = events.map((event) => JSON.stringify(event));
    const pushed = await post(`${intakeUrl}/batch`, { intake_key: 'bench', jsons });
    await pushed.json();
  }
  if (events.length < LIMIT) break;
  searchAfter = JSON.parse(page.headers.get('x-search_after') ?? 'null');
}

function post(url: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'bench' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}
