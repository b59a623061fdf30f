import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { splitJsonArray } from '../../src/simulators/sekoia/split-json-array.js';
import type { Simulators } from '../../src/simulators/serve.js';

const DAY_MS = 86_400_000;
/** Further back it does not look, whatever its position says. */
const LONGEST_LOOK_BACK_MS = 7 * DAY_MS;
const FIRST_LOOK_BACK_MS = 60_000;
const PAGE = 1_000;

/** `context.json`, of which both connectors know one key. */
export type Context = Readonly<Record<string, unknown>> & { readonly most_recent_date_seen?: string };

export function readContext(dataPath: string): Context {
  return JSON.parse(readFileSync(join(dataPath, 'context.json'), 'utf8')) as Context;
}

/** As Python's `json.dump` does: blanks after separators, no character beyond ASCII. */
export function writeContext(dataPath: string, context: Context): void {
  mkdirSync(dataPath, { recursive: true });
  const text = JSON.stringify(context, undefined, 1)
    .replace(/\n\s*/g, ' ')
    .replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  writeFileSync(join(dataPath, 'context.json'), text);
}

/** Python's `isoformat()` of a whole second. */
export function isoSecond(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
}

/**
 * One cycle of the Python connector 1.8.2 (runtime page, A.5 and E): from the position on, without an end, page by page to
 * the intake; then the position is the second after the last event, not after now, and the whole document is written anew.
 */
export async function pythonCycle(
  dataPath: string,
  { jumpcloudUrl, apiKey, intakeUrl, intakeKey }: Simulators,
): Promise<void> {
  const context = readContext(dataPath);
  const nowMs = Date.now();
  const seen = context.most_recent_date_seen;
  const fromMs =
    seen === undefined ? nowMs - FIRST_LOOK_BACK_MS : Math.max(Date.parse(seen), nowMs - LONGEST_LOOK_BACK_MS);
  const query = { service: ['all'], start_time: new Date(fromMs).toISOString(), limit: PAGE };
  let latestMs = -Infinity;
  let token: unknown;
  for (let more = true; more;) {
    const asked = { ...query, ...(token !== undefined && { search_after: token }) };
    const page = await post(`${jumpcloudUrl}/insights/directory/v1/events`, asked, { 'x-api-key': apiKey });
    // It encodes each event anew, which alters some of them. That is another matter: here their own texts are sent on.
    const jsons = splitJsonArray(page.body).map((event) => event.toString());
    if (jsons.length > 0) await post(`${intakeUrl}/batch`, { intake_key: intakeKey, jsons });
    for (const json of jsons) {
      latestMs = Math.max(latestMs, Date.parse((JSON.parse(json) as { timestamp: string }).timestamp));
    }
    more = Number(page.headers.get('x-result-count')) >= PAGE;
    token = JSON.parse(page.headers.get('x-search_after') ?? 'null') ?? undefined;
  }
  if (latestMs === -Infinity) return;
  const positionMs = Math.min((Math.floor(latestMs / 1000) + 1) * 1000, nowMs);
  writeContext(dataPath, { ...context, most_recent_date_seen: isoSecond(positionMs) });
}

async function post(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly headers: Headers; readonly body: Buffer }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const answer = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${answer.toString()}`);
  return { headers: response.headers, body: answer };
}
