import { parseHeaderText } from '../configuration/header-text.js';
import type { Found, Lookup } from '../configuration/lookup.js';
import { ConfigurationError } from '../errors.js';

/** What the platform gave this process to speak to it with. */
export interface PlatformAccess {
  /** Never to be shown. */
  readonly token: string;
  readonly callbackUrl: string;
  /** Undefined where nothing says where it is. */
  readonly logsUrl: string | undefined;
  readonly secretsUrl: string | undefined;
}

/**
 * Reads `token`, `url_callback`, `url_logs` and `url_secrets`. The latter two follow from the callback where they are not
 * given.
 * @returns undefined without a token or a callback: then this is no platform
 * @throws ConfigurationError where something is there that can be none of these
 */
export async function findPlatformAccess(lookup: Lookup): Promise<PlatformAccess | undefined> {
  const [token, callback, logs, secrets] = await Promise.all(
    ['token', 'url_callback', 'url_logs', 'url_secrets'].map((name) => given(lookup, name)),
  );
  if (token === undefined || callback === undefined) return undefined;
  const parsed = parseHeaderText(token.value);
  if ('problem' in parsed) throw problem('token', parsed.problem, token);
  const callbackUrl = addressOf('url_callback', callback);
  return {
    token: parsed.value,
    callbackUrl,
    logsUrl: logs === undefined ? besideCallback(callbackUrl, '/logs') : addressOf('url_logs', logs),
    secretsUrl: secrets === undefined ? besideCallback(callbackUrl, '/secrets') : addressOf('url_secrets', secrets),
  };
}

async function given(lookup: Lookup, name: string): Promise<Found<string> | undefined> {
  const found = await lookup.text(name);
  const value = found?.value.trim() ?? '';
  return found === undefined || value === '' ? undefined : { value, origin: found.origin };
}

/** The platform is judge of its own addresses: inside a cluster they need no encryption. */
function addressOf(setting: string, found: Found<string>): string {
  if (/^https?:\/\//i.test(found.value) && URL.canParse(found.value)) return found.value;
  throw problem(setting, 'must be an address such as https://host.example/path', found);
}

function besideCallback(callbackUrl: string, path: string): string | undefined {
  return callbackUrl.includes('/callback') ? callbackUrl.replace('/callback', path) : undefined;
}

function problem(setting: string, text: string, { origin }: Found<string>): ConfigurationError {
  return new ConfigurationError([{ setting, problem: text, origin }]);
}
