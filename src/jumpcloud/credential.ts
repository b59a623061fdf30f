import { heldPart, type HeldSettings } from '../sdk/held-settings.js';
import type { Credential } from '../sdk/http/credential.js';
import { ClientCredentials } from '../sdk/http/client-credentials.js';
import { observedTransport } from '../sdk/http/observed-transport.js';
import type { PipelineListener } from '../sdk/pipeline/pipeline-event.js';
import type { Clock, HttpTransport } from '../sdk/ports.js';
import { TOKEN_REFUSALS } from './api/refusals.js';
import type { AccountSettings, ServiceAccount } from './settings.js';
import { USER_AGENT } from './user-agent.js';

interface CredentialWorld {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly listener?: PipelineListener;
  /** Told of tokens and secrets before they are used. */
  readonly hide?: (secret: string) => void;
}

/**
 * What an account shows the API: its key as `x-api-key`, or, for a service account, an access token as `Authorization: Bearer`
 * (JumpCloud Directory Insights API, 'Authentication'). All that use one account should share one, and so one token.
 */
export function createCredential(held: HeldSettings<AccountSettings>, world: CredentialWorld): Credential {
  let tokens: ClientCredentials | undefined;
  return {
    async present(signal) {
      const account = await held.latest();
      if ('apiKey' in account) return { headers: { 'x-api-key': account.apiKey }, secrets: [account.apiKey] };
      tokens ??= tokensOf(account.serviceAccount, held, world);
      const token = await tokens.token(signal);
      return { headers: { authorization: `Bearer ${token}` }, secrets: [token] };
    },
    async refused({ secrets: [token = ''] }, status) {
      // A token that is known, and may only not do this, is as good as the next one.
      if (status === 401) tokens?.discard(token);
      await held.refresh();
    },
  };
}

function tokensOf(
  serviceAccount: ServiceAccount,
  held: HeldSettings<AccountSettings>,
  { transport, clock, listener, hide }: CredentialWorld,
): ClientCredentials {
  return new ClientCredentials({
    url: serviceAccount.tokenUrl,
    scope: 'api',
    // An account that has turned to an API key meanwhile needs no more tokens.
    client: heldPart(held, (account) => ('serviceAccount' in account ? account.serviceAccount : serviceAccount)),
    userAgent: USER_AGENT,
    refusals: TOKEN_REFUSALS,
    transport: observedTransport(transport, { side: 'source', clock, listener }),
    ...{ clock, hide },
  });
}
