import { parseAddress } from '../sdk/configuration/address.js';
import { type CollectionSettings, readCollectionSettings } from '../sdk/configuration/collection-settings.js';
import { parseHeaderText } from '../sdk/configuration/header-text.js';
import type { Parsed } from '../sdk/configuration/parsed.js';
import { SettingsReader } from '../sdk/configuration/settings-reader.js';
import type { Retention } from '../sdk/configuration/start-from.js';
import type { ConnectorArguments, ModuleConfiguration } from './configuration.generated.js';
import { type Organization, readOrganizations } from './organizations.js';
import { parseSearchTerm, type SearchTerm } from './search-term.js';
import { parseServices } from './services.js';

/** How long JumpCloud keeps events. */
export const RETENTION_MS = 90 * 86_400_000;
export const RETENTION: Retention = { ms: RETENTION_MS, keeper: 'JumpCloud' };

/** Where the API of each region is. */
const REGIONS: Readonly<Record<NonNullable<ModuleConfiguration['region']>, string>> = {
  standard: 'https://api.jumpcloud.com',
  EU: 'https://api.eu.jumpcloud.com',
  IN: 'https://api.in.jumpcloud.com',
};

/** An OAuth 2.0 client of JumpCloud's. */
export interface ServiceAccount {
  /** Without a colon. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: string;
}

/** The account that is read with: by API key or by service account. */
export type AccountSettings = {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** A service account always has one, or the streams have. */
  readonly organizationId?: string;
} & ({ readonly apiKey: string } | { readonly serviceAccount: ServiceAccount });

/** Everything that the connector is told, checked and in the units that the code works with. */
export type ConnectorSettings = AccountSettings &
  CollectionSettings & {
    /** Of a stream that reads a provider's own events, instead of an organization. */
    readonly providerId?: string;
    /** Read each as a stream of its own, where there are any. */
    readonly organizations: readonly Organization[];
    /** As the API takes them; `['all']` for every service. */
    readonly services: readonly string[];
    /** Which of their events; all without it. */
    readonly searchTerm?: SearchTerm;
    readonly pageSize: number;
  };

/** What {@link parseSettings} works on. */
export interface SettingsInput {
  /** Values that met the schemas, defaults included. What is missing nevertheless is a problem. */
  readonly module: Partial<ModuleConfiguration>;
  readonly arguments: Partial<ConnectorArguments>;
  /** The platform's intake address, for where `intake_server` is not set. */
  readonly intakeUrl: string | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Turns validated values into settings.
 * @throws ConfigurationError with every problem at once.
 */
export function parseSettings({ module, arguments: args, intakeUrl, now }: SettingsInput): {
  settings: ConnectorSettings;
  warnings: readonly string[];
} {
  const reader = new SettingsReader();
  const organizations = readOrganizations(reader, args);
  const settings: ConnectorSettings = {
    ...readAccount(reader, module, organizations.length > 0),
    services: reader.take('arguments.service', args.service, readServices, []),
    ...(args.search_term !== undefined && {
      searchTerm: reader.take('arguments.search_term', args.search_term, parseSearchTerm, {}),
    }),
    pageSize: reader.plain('arguments.page_size', args.page_size, 0),
    organizations,
    ...readCollectionSettings(reader, { arguments: args, intakeUrl, nowMs: now, retention: RETENTION }),
  };
  reader.end();
  return { settings, warnings: reader.warnings };
}

/**
 * Turns the validated values of an account into settings.
 * @param listed whether arguments say, or may say, whose events are read
 * @throws ConfigurationError with every problem at once.
 */
export function parseAccount(module: Partial<ModuleConfiguration>, listed = false): AccountSettings {
  const reader = new SettingsReader();
  const account = readAccount(reader, module, listed);
  reader.end();
  return account;
}

/** The texts of an account that no output may contain. */
export function secretsOf(account: AccountSettings): readonly string[] {
  return 'apiKey' in account
    ? [account.apiKey]
    : [account.serviceAccount.clientSecret, account.serviceAccount.clientId];
}

function readAccount(reader: SettingsReader, module: Partial<ModuleConfiguration>, listed: boolean): AccountSettings {
  const { region, organization_id: organization } = module;
  const baseUrl = reader.take('module.base_url', module.base_url, (text) => parseBaseUrl(text, region), '');
  const credential = readCredential(reader, module);
  if (organization === undefined && (listed || 'apiKey' in credential)) return { baseUrl, ...credential };
  const organizationId = reader.take('module.organization_id', organization, parseOrganization, '');
  return { baseUrl, ...credential, organizationId };
}

function readCredential(
  reader: SettingsReader,
  { apikey, client_id: clientId, client_secret: clientSecret, token_url: tokenUrl }: Partial<ModuleConfiguration>,
): { readonly apiKey: string } | { readonly serviceAccount: ServiceAccount } {
  if (clientId === undefined && clientSecret === undefined) {
    if (apikey !== undefined) return { apiKey: reader.take('module.apikey', apikey, parseHeaderText, '') };
    reader.refuse('module.apikey', 'is required, or in its place client_id and client_secret of a service account');
    return { apiKey: '' };
  }
  if (apikey !== undefined) {
    reader.refuse('module.apikey', 'must not be set beside client_id and client_secret: give one of the two');
  }
  return {
    serviceAccount: {
      clientId: reader.take('module.client_id', clientId, parseClientId, ''),
      clientSecret: reader.take('module.client_secret', clientSecret, parseHeaderText, ''),
      tokenUrl: reader.take('module.token_url', tokenUrl, (text) => parseAddress(text, 'refuse'), ''),
    },
  };
}

/** The default says nothing against a region: forms fill it in by themselves. */
function parseBaseUrl(text: string, region: ModuleConfiguration['region']): Parsed<string> {
  const parsed = parseAddress(text, 'refuse');
  if (region === undefined || 'problem' in parsed) return parsed;
  const value = REGIONS[region];
  if (parsed.value === value || parsed.value === REGIONS.standard) return { value };
  return { problem: `contradicts the region ${region}, which is ${value}: give one of the two` };
}

/** The colon ends it in what is sent. */
function parseClientId(text: string): Parsed<string> {
  const parsed = parseHeaderText(text);
  if ('value' in parsed && parsed.value.includes(':')) return { problem: 'must not contain a colon' };
  return parsed;
}

function parseOrganization(text: string): Parsed<string> {
  const parsed = parseHeaderText(text);
  if ('value' in parsed && parsed.value.includes(',')) return { problem: 'must be one organization, not several' };
  return parsed;
}

function readServices(value: string | readonly string[]): Parsed<readonly string[]> {
  const { services, warnings, problems } = parseServices(value);
  if (problems.length > 0) return { problem: problems.join('; ') };
  return warnings.length === 0 ? { value: services } : { value: services, warning: warnings.join('; ') };
}
