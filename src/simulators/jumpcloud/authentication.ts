import { randomBytes } from 'node:crypto';
import { headerOf, jsonAnswer, type SimulatedAnswer, type SimulatedRequest } from '../http/exchange.js';
import type { Now } from '../timing.js';
import type { ApiKey, ServiceAccount } from './options.js';
import { RequestRefused } from './request-refused.js';

/** Who asks, and which events they may see. */
export interface Caller {
  /** The credential, to count the request rate by. */
  readonly credential: string;
  /** Organizations to read; all when absent. `null` stands for events of the multi-tenant portal. */
  readonly organizations?: ReadonlySet<string | null>;
}

/** The API's knowledge of credentials, which may change while it runs. */
export interface Authentication {
  /** Names the caller, or refuses with 400, 401, 402 or 403 (API page, 2 and 8). */
  identify(request: SimulatedRequest): Caller;
  /** Answers the token endpoint. */
  issueToken(request: SimulatedRequest): SimulatedAnswer;
  /** Replaces the keys that work, as when an administrator generates a new one. */
  replaceKeys(keys: readonly ApiKey[]): void;
  /** Replaces the service account, as when an administrator generates a new secret. Tokens that were issued go on working. */
  replaceServiceAccount(next: ServiceAccount): void;
  /** Makes every token issued so far useless. */
  revokeTokens(): void;
}

const TOKEN_LIFETIME_SECONDS = 3600;

/** Creates the authentication of a simulated API. */
export function createAuthentication(
  initialKeys: readonly ApiKey[],
  initialAccount: ServiceAccount | undefined,
  now: Now,
): Authentication {
  let keys = initialKeys;
  let account = initialAccount;
  /** Tokens by their text, with the end of their life in epoch milliseconds. */
  const tokens = new Map<string, number>();

  return {
    identify(request) {
      const bearer = /^Bearer (.+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1];
      if (bearer !== undefined && account !== undefined) {
        if ((tokens.get(bearer) ?? 0) <= now()) throw new RequestRefused(401, 'Unauthorized: token invalid or expired');
        return callerFor(request, { key: bearer, multiTenant: true, ...narrowed(account) });
      }
      const presented = headerOf(request, 'x-api-key');
      const key = keys.find((one) => one.key === presented);
      if (key === undefined) throw new RequestRefused(401, 'Unauthorized');
      return callerFor(request, key);
    },
    issueToken(request) {
      if (account === undefined || request.method !== 'POST') return jsonAnswer(404, { message: 'Not Found' });
      const basic = Buffer.from(`${account.clientId}:${account.clientSecret}`).toString('base64');
      if (headerOf(request, 'authorization') !== `Basic ${basic}`) return jsonAnswer(401, { error: 'invalid_client' });
      const type = headerOf(request, 'content-type')?.split(';')[0];
      const form = new URLSearchParams(request.body.toString());
      if (type !== 'application/x-www-form-urlencoded' || form.get('grant_type') !== 'client_credentials') {
        return jsonAnswer(400, { error: 'unsupported_grant_type' });
      }
      const { scopes = ['api'] } = account;
      if (form.get('scope') !== 'api' || !scopes.includes('api')) return jsonAnswer(403, { error: 'invalid_scope' });
      const lifetime = account.tokenLifetimeSeconds ?? TOKEN_LIFETIME_SECONDS;
      const token = randomBytes(24).toString('base64url');
      tokens.set(token, now() + lifetime * 1000);
      return jsonAnswer(200, { access_token: token, token_type: 'bearer', expires_in: lifetime, scope: 'api' });
    },
    replaceKeys: (next) => {
      keys = next;
    },
    replaceServiceAccount: (next) => {
      account = next;
    },
    revokeTokens: () => tokens.clear(),
  };
}

function narrowed({ organizations }: ServiceAccount): { organizations?: readonly string[] } {
  return organizations === undefined ? {} : { organizations };
}

function callerFor(request: SimulatedRequest, key: ApiKey): Caller {
  if (key.role === 'command_runner') throw new RequestRefused(403, 'Forbidden: role has no access');
  if (key.licensed === false) throw new RequestRefused(402, 'Directory Insights is not enabled for this organization');
  const credential = key.key;
  if (headerOf(request, 'x-provider-id') !== undefined) return { credential, organizations: new Set([null]) };
  // A list folded into one value is one organization with a strange name.
  const named = request.headers['x-org-id'];
  if (named === undefined) {
    if (key.multiTenant === true) throw new RequestRefused(400, 'x-org-id is required');
    return key.organizations === undefined ? { credential } : { credential, organizations: new Set(key.organizations) };
  }
  const foreign = named.find((name) => key.organizations?.includes(name) === false);
  if (foreign !== undefined) throw new RequestRefused(403, 'Forbidden: organization not allowed');
  return { credential, organizations: new Set(named) };
}
