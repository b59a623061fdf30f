import {
  defineConnector,
  formatTimestamp,
  linkTo,
  type Parsed,
  parseAddress,
  parseHeaderText,
  type Window,
} from 'sekoia-jumpcloud-directory-insights/sdk';

const DAY_MS = 86_400_000;

/** As schemas/account.schema.json declares it. */
interface Account {
  readonly base_url: string;
  readonly api_token: string;
}

/** What schemas/arguments.schema.json declares beside the arguments that every connector has. */
interface Arguments {
  readonly page_size: number;
}

/** Every event of Okta System Log, to a Sekoia intake. */
export const oktaSystemLog = defineConnector<Account, Arguments>({
  command: 'OktaSystemLogConnector',
  name: 'Okta System Log',
  vendor: 'okta_system_log',
  userAgent: 'okta-system-log/1.0.0',
  retentionMs: 90 * DAY_MS,
  identity: { id: 'uuid', timestamp: 'published' },
  protectedMembers: ['eventType', 'actor', 'client', 'outcome'],

  // How texts of the account are read further than their schema says: an address that is safe for a credential, and a text
  // that a header can carry.
  account: { base_url: (text): Parsed<string> => parseAddress(text, 'refuse'), api_token: parseHeaderText },
  secrets: ({ account }) => [account.api_token],
  describeStream: ({ account }) => `events of ${new URL(account.base_url).host}`,

  openApi: ({ account }) => ({
    baseUrl: account.base_url,
    headers: { authorization: `SSWS ${account.api_token}` },
    refusals: {
      401: {
        code: 'SOURCE_CREDENTIAL_REFUSED',
        advice: 'Check api_token: tokens end after 30 days without use, and with the account of their owner.',
      },
    },
  }),

  // A page names the next one in its Link header; the last one names none. There is no way to count events.
  async openPage({ api, settings, window, cursor, signal }) {
    const answer = await api.open({ path: cursor ?? firstPage(window, settings.arguments) }, signal);
    return { ...answer, next: linkTo(answer.headers['link'], 'next') };
  },
});

function firstPage({ fromMs, toMs }: Window, { page_size: limit }: Arguments): string {
  const query = new URLSearchParams({
    since: formatTimestamp(fromMs),
    // The end is exclusive, and an event may have happened at just that instant.
    until: formatTimestamp(toMs + 1),
    sortOrder: 'ASCENDING',
    limit: String(limit),
  });
  return `/api/v1/logs?${query.toString()}`;
}
