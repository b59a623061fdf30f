import type { Parsed } from './parsed.js';
import { showValue } from './redact.js';

/** What to make of an address without encryption that is not on this machine. */
export type CleartextRule = 'refuse' | 'warn';

/**
 * Reads the base address of an HTTP service. Blanks around it and slashes at its end are forgiven; a path is kept.
 * Addresses on this machine may always be plain http.
 * @returns scheme, host, port and path, without a slash at the end.
 */
export function parseAddress(text: string, cleartext: CleartextRule): Parsed<string> {
  const trimmed = text.trim();
  // What stands before an @ is a credential, even where the rest is no address.
  if (trimmed.includes('@')) return { problem: 'must not contain a user name or password' };
  const shown = showValue(trimmed, false);
  const url = /[\s\p{Cc}]/u.test(trimmed) ? undefined : parseUrl(trimmed);
  if (url === undefined) return { problem: `must be an address such as https://host.example/, not ${shown}` };
  if (url.search !== '' || url.hash !== '') return { problem: 'must be an address without ? and #' };
  const value = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return { value };
  if (cleartext === 'refuse') return { problem: `must be https, since it receives a credential, not ${shown}` };
  return { value, warning: `${shown} is not encrypted: the key and the events can be read on their way` };
}

function parseUrl(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/** Whether a host, as a URL writes it, is this machine. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}
