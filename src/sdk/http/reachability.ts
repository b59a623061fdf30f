import { describeError } from '../errors.js';

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
  const isTls = /CERT|SSL|TLS|SELF_SIGNED|ISSUER|SIGNATURE|EPROTO/.test(code);
  return isTls || /certificate|ssl|tls/i.test(describeError(thrown)) ? 'TLS' : 'connection';
}

/** What an operator may do about it. */
export const STAGE_REMEDIES: Readonly<Record<ConnectionStage, string>> = {
  'name resolution': 'Check the spelling of the address, and the DNS servers of this machine.',
  connection: 'Check the port, firewalls and proxies between this machine and the address.',
  TLS: 'Check the clock of this machine, and whether a proxy replaces certificates (NODE_EXTRA_CA_CERTS adds an authority).',
};

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  const { code } = thrown as { code?: unknown };
  if (typeof code === 'string' && !code.startsWith('SOURCE_') && !code.startsWith('DESTINATION_')) return code;
  return codeOf(thrown.cause);
}
