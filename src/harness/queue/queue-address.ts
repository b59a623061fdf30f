import { expandReferences } from '../../sdk/configuration/environment-references.js';
import { ConfigurationError } from '../../sdk/errors.js';
import type { Environment } from '../../sdk/ports.js';

/** Where the Redis of a queue is. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Each of them holds one backfill at a time. */
  readonly database: number;
  readonly tls: boolean;
  /** The same without user and password, to be shown. */
  readonly description: string;
}

const PROTOCOLS: readonly string[] = ['redis:', 'rediss:'];
const USUAL_PORT = 6379;
const REFERENCE = /^\$\{[^}]*\}$/;

/**
 * Reads `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. All of it, or the password in it, may be a
 * reference `${NAME}` to an environment variable; a password in plain sight is refused, as others can read it there.
 * @throws ConfigurationError, which does not quote it
 */
export function readQueueAddress(text: string, environment: Environment): QueueAddress {
  const isReference = REFERENCE.test(text);
  const address = isReference ? expand(text, environment) : text;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !PROTOCOLS.includes(url.protocol) || url.hostname === '') {
    throw problem('must be an address such as redis://queue.example:6379, or rediss:// for TLS');
  }
  const database = /^\/?(\d{0,3})$/.exec(url.pathname)?.[1];
  if (database === undefined || url.search !== '' || url.hash !== '') {
    throw problem('may have the number of a database behind the host, as in redis://queue.example:6379/1, and no more');
  }
  const [username, given] = [decode(url.username), decode(url.password)];
  if (!isReference && given !== '' && !REFERENCE.test(given)) {
    throw problem(
      "must not hold a password, which others could read: write '${VARIABLE}' in its place, in single quotes",
    );
  }
  const password = isReference ? given : expand(given, environment);
  const port = url.port === '' ? USUAL_PORT : Number(url.port);
  return {
    // The brackets of IPv6 belong to the address.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    database: Number(database),
    tls: url.protocol === 'rediss:',
    description: `${url.protocol}//${url.hostname}:${port}/${Number(database)}`,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw problem('holds a % that no two digits follow');
  }
}

function expand(text: string, environment: Environment): string {
  const { value, problems } = expandReferences(text, environment);
  const [first] = problems;
  if (first !== undefined) throw problem(first);
  return value as string;
}

function problem(what: string): ConfigurationError {
  return new ConfigurationError([{ setting: '--queue', problem: what }]);
}
