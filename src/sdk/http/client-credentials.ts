import { isJsonObject, parseJson } from '../configuration/json.js';
import { parseHeaderText } from '../configuration/header-text.js';
import { abortError, isAbort, ModuleError } from '../errors.js';
import type { HeldSettings } from '../held-settings.js';
import { isTooDeep } from '../json/depth.js';
import { redactor } from '../observability/redactor.js';
import type { Clock, HttpRequest, HttpTransport } from '../ports.js';
import { readText } from './body.js';
import { brokenOff, exchange, requestReference } from './exchange.js';
import { Hold } from './hold.js';
import { refusal, type Refusals } from './refusal.js';

const TIMEOUT_MS = 60_000;
/** A token is renewed so long before it expires, or at half of its life where that is shorter. */
const RENEW_AHEAD_MS = 30_000;

/** Who asks for tokens. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where and how tokens are had. */
export interface ClientCredentialsOptions {
  /** The token endpoint. */
  readonly url: string;
  readonly scope: string;
  /** Looked at with each use; refreshed where the endpoint refuses it. */
  readonly client: HeldSettings<OAuthClient>;
  readonly userAgent: string;
  /** What statuses of the token endpoint mean. */
  readonly refusals: Refusals;
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** Told of each text that no output may contain, before it is used. */
  readonly hide?: ((secret: string) => void) | undefined;
}

interface Token {
  readonly text: string;
  readonly client: OAuthClient;
  /** On the monotonic clock. */
  readonly renewAtMs: number;
}

/**
 * The access token of an OAuth 2.0 client (RFC 6749, section 4.4: client credentials, told by HTTP Basic). All that ask for it share one,
 * which is renewed ahead of its expiry, and one request for it.
 */
export class ClientCredentials {
  readonly #hold: Hold;
  #kept: Token | undefined;
  #underWay: Promise<Token> | undefined;

  constructor(private readonly options: ClientCredentialsOptions) {
    this.#hold = new Hold(options.clock);
  }

  /**
   * A token that is good for a while. One try: whoever asks tries again.
   * @throws ModuleError with a SOURCE_ code, or an AbortError once `signal` aborted
   */
  async token(signal: AbortSignal): Promise<string> {
    for (;;) {
      const client = await this.options.client.latest();
      const kept = this.#kept;
      if (kept && isSame(kept.client, client) && this.options.clock.monotonic() < kept.renewAtMs) return kept.text;
      this.#underWay ??= this.#obtain(client, signal).finally(() => (this.#underWay = undefined));
      const token = await unlessAborted(this.#underWay, signal).catch((error: unknown) => {
        // Whoever began it has left; whoever still wants it begins it anew.
        if (isAbort(error) && !signal.aborted) return undefined;
        throw error;
      });
      if (token !== undefined) return token.text;
    }
  }

  /** A token was refused before its time: it is not handed out again. */
  discard(token: string): void {
    if (this.#kept?.text === token) this.#kept = undefined;
  }

  async #obtain(client: OAuthClient, signal: AbortSignal): Promise<Token> {
    try {
      this.#kept = await this.#ask(client, signal);
    } catch (error) {
      if (!(error instanceof ModuleError) || (error.status !== 401 && error.status !== 403)) throw error;
      await this.options.client.refresh();
      const other = await this.options.client.latest();
      if (isSame(client, other)) throw error;
      this.#kept = await this.#ask(other, signal);
    }
    return this.#kept;
  }

  async #ask(client: OAuthClient, signal: AbortSignal): Promise<Token> {
    const { url, scope, userAgent, refusals, transport, clock, hide } = this.options;
    await this.#hold.over(signal);
    if (signal.aborted) throw abortError();
    const pair = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64');
    const secrets = [client.clientSecret, pair];
    for (const secret of secrets) hide?.(secret);
    const redact = redactor(secrets);
    const request: HttpRequest = {
      method: 'POST',
      url,
      headers: {
        accept: 'application/json',
        authorization: `Basic ${pair}`,
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': userAgent,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
      headersTimeoutMs: TIMEOUT_MS,
      bodyTimeoutMs: TIMEOUT_MS,
      signal,
    };
    const askedAtMs = clock.monotonic();
    const response = await exchange(transport, request, { side: 'source', nowMs: clock.now(), redact }).catch(
      (error: unknown) => {
        if (error instanceof ModuleError && error.retryAfterMs !== undefined) this.#hold.extend(error.retryAfterMs);
        throw error;
      },
    );
    const text = await readText(response).catch((cause: unknown) => {
      throw isAbort(cause) || cause instanceof ModuleError ? cause : brokenOff(request, response, 'source', cause);
    });
    const requestId = response.headers['x-request-id'];
    const { host } = new URL(url);
    if (response.status !== 200) {
      throw refusal({ host, status: response.status, body: redact(text), requestId }, refusals);
    }
    const told = readToken(text);
    if ('problem' in told) {
      throw new ModuleError('SOURCE_ANSWER_INVALID', `${host} answered ${told.problem}${requestReference(requestId)}`, {
        ...(requestId !== undefined && { requestId }),
        advice: 'Check the address of the token endpoint, and that no proxy answers in its place.',
      });
    }
    hide?.(told.token);
    const { token, lifeMs } = told;
    return { text: token, client, renewAtMs: askedAtMs + lifeMs - Math.min(RENEW_AHEAD_MS, lifeMs / 2) };
  }
}

/** Reads the answer of a token endpoint (RFC 6749, section 5.1). A problem quotes nothing of it. */
function readToken(text: string): { readonly token: string; readonly lifeMs: number } | { readonly problem: string } {
  const answer = isTooDeep(text) ? undefined : parseJson(text);
  if (!isJsonObject(answer)) return { problem: 'with something that is no token' };
  const { access_token: given, token_type: type = 'bearer', expires_in: seconds } = answer;
  const token = typeof given === 'string' ? parseHeaderText(given) : undefined;
  if (token === undefined || 'problem' in token) return { problem: 'without an access_token that a header can carry' };
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return { problem: 'with a token whose token_type is not bearer' };
  }
  // It need not say; then the token is good until it is refused.
  if (seconds === undefined) return { token: token.value, lifeMs: Infinity };
  if (typeof seconds !== 'number' || !(seconds > 0)) {
    return { problem: 'with a token whose expires_in is no number of seconds' };
  }
  return { token: token.value, lifeMs: seconds * 1000 };
}

function isSame(one: OAuthClient, other: OAuthClient): boolean {
  return one.clientId === other.clientId && one.clientSecret === other.clientSecret;
}

/** Leaves the promise alone once the signal aborts. */
function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(abortError());
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
