import { describeError, ERROR_CODES } from '../errors.js';

/** How far a request came before it failed, in the order in which a connection is made. */
export const CONNECTION_STAGES = ['name resolution', 'connection', 'TLS'] as const;
export type ConnectionStage = (typeof CONNECTION_STAGES)[number];

/**
 * At which stage a request that got no answer failed. Total: whatever was thrown, and however deep the cause, judged by
 * the codes of Node's resolver, sockets and OpenSSL.
 */
export function failedStage(thrown: unknown): ConnectionStage {
  const code = codeOf(thrown);
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return 'name resolution';
  if (/CERT|SSL|TLS|SELF_SIGNED|ISSUER|SIGNATURE|EPROTO/.test(code)) return 'TLS';
  // A handshake that is cut off has a socket's code, or none. Otherwise texts prove nothing: they name hosts.
  const saysTls = (code === '' || code === 'ECONNRESET') && /certificate|ssl|tls/i.test(describeError(rootOf(thrown)));
  return saysTls ? 'TLS' : 'connection';
}

/** What an operator may do about it. */
export const STAGE_REMEDIES: Readonly<Record<ConnectionStage, string>> = {
  'name resolution': 'Check the spelling of the address, and the DNS servers of this machine.',
  connection: 'Check the port, firewalls and proxies between this machine and the address.',
  TLS: 'Check the clock of this machine, and whether a proxy replaces certificates (NODE_EXTRA_CA_CERTS adds an authority).',
};

/** The first code of the system's own, outermost first. */
function codeOf(thrown: unknown): string {
  const codes = causesOf(thrown).map((error) => (error as { code?: unknown }).code);
  return codes.find((code): code is string => typeof code === 'string' && !(code in ERROR_CODES)) ?? '';
}

function rootOf(thrown: unknown): unknown {
  return causesOf(thrown).at(-1) ?? thrown;
}

/** An error and its causes, which may go round in a circle. */
function causesOf(thrown: unknown): Error[] {
  const errors: Error[] = [];
  for (let error = thrown; error instanceof Error && !errors.includes(error); error = error.cause) errors.push(error);
  return errors;
}
