import { nearest } from '../sdk/configuration/nearest.js';

/** Stands for every service. */
const ALL_SERVICES = 'all';

/**
 * The names that the API is known to accept beside `all`: the union of its description, its documentation and the
 * vendor's own programs, which disagree. `alert` and `alerts` are both in use.
 */
export const KNOWN_SERVICES: readonly string[] = [
  'access_management',
  'alert',
  'alerts',
  'asset_management',
  'directory',
  'ldap',
  'mdm',
  'notifications',
  'object_storage',
  'password_manager',
  'radius',
  'reports',
  'saas_app_management',
  'software',
  'sso',
  'systems',
  'workflows',
];

/** What became of a `service` setting. With any problem, `services` is not to be used. */
export interface ParsedServices {
  /** As the API takes them: each once, in the order written, or `all` alone. */
  readonly services: readonly string[];
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

const UNLISTED = /^unlisted:\s*/i;

/**
 * Reads the `service` setting: names separated by commas, or a list of such texts. Blanks, case and repetition do not
 * matter; nothing means `all`. The vendor's list grows, so `unlisted:NAME` sends a name as it is.
 */
export function parseServices(value: string | readonly string[]): ParsedServices {
  const words = (typeof value === 'string' ? [value] : value)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const problems = words.map(problemOf).filter((problem) => problem !== undefined);
  const names = new Set(words.map(nameOf));
  if (!names.has(ALL_SERVICES))
    return { services: names.size === 0 ? [ALL_SERVICES] : [...names], warnings: [], problems };
  const redundant = [...names].filter((name) => name !== ALL_SERVICES);
  const warnings = redundant.length === 0 ? [] : [`'all' already includes ${redundant.join(', ')}: collecting all`];
  return { services: [ALL_SERVICES], warnings, problems };
}

function nameOf(word: string): string {
  return UNLISTED.test(word) ? word.replace(UNLISTED, '') : word.toLowerCase();
}

function problemOf(word: string): string | undefined {
  if (UNLISTED.test(word)) return unlistedProblem(nameOf(word));
  const known = [ALL_SERVICES, ...KNOWN_SERVICES];
  if (known.includes(nameOf(word))) return undefined;
  const near = nearest(word, known);
  const hint = near === undefined ? '.' : `: did you mean '${near}'?`;
  const advice = `The known ones are ${known.join(', ')}; to send an unlisted name as is, write unlisted:${word}`;
  return `unknown service '${word}'${hint} ${advice}`;
}

function unlistedProblem(name: string): string | undefined {
  if (name === '') return "'unlisted:' needs a name behind it";
  return /[^\x21-\x7e]/.test(name) ? `'unlisted:' takes one word, not ${JSON.stringify(name)}` : undefined;
}
