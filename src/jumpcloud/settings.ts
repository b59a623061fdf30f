import { parseAddress } from '../sdk/configuration/address.js';
import { type CollectionSettings, readCollectionSettings } from '../sdk/configuration/collection-settings.js';
import { parseHeaderText } from '../sdk/configuration/header-text.js';
import type { Parsed } from '../sdk/configuration/parsed.js';
import { SettingsReader } from '../sdk/configuration/settings-reader.js';
import type { Retention } from '../sdk/configuration/start-from.js';
import type { ConnectorArguments, ModuleConfiguration } from './configuration.generated.js';
import { parseSearchTerm, type SearchTerm } from './search-term.js';
import { parseServices } from './services.js';

/** How long JumpCloud keeps events. */
export const RETENTION_MS = 90 * 86_400_000;
export const RETENTION: Retention = { ms: RETENTION_MS, keeper: 'JumpCloud' };

/** Everything that the connector is told, checked and in the units that the code works with. */
export interface ConnectorSettings extends CollectionSettings {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly organizationId?: string;
  /** As the API takes them; `['all']` for every service. */
  readonly services: readonly string[];
  /** Which of their events; all without it. */
  readonly searchTerm?: SearchTerm;
  readonly pageSize: number;
}

/** The part of them that is the account's. */
export type AccountSettings = Pick<ConnectorSettings, 'baseUrl' | 'apiKey' | 'organizationId'>;

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
  const settings: ConnectorSettings = {
    ...readAccount(reader, module),
    services: reader.take('arguments.service', args.service, readServices, []),
    ...(args.search_term !== undefined && {
      searchTerm: reader.take('arguments.search_term', args.search_term, parseSearchTerm, {}),
    }),
    pageSize: reader.plain('arguments.page_size', args.page_size, 0),
    ...readCollectionSettings(reader, { arguments: args, intakeUrl, nowMs: now, retention: RETENTION }),
  };
  reader.end();
  return { settings, warnings: reader.warnings };
}

/**
 * Turns the validated values of an account into settings.
 * @throws ConfigurationError with every problem at once.
 */
export function parseAccount(module: Partial<ModuleConfiguration>): AccountSettings {
  const reader = new SettingsReader();
  const account = readAccount(reader, module);
  reader.end();
  return account;
}

function readAccount(reader: SettingsReader, module: Partial<ModuleConfiguration>): AccountSettings {
  return {
    baseUrl: reader.take('module.base_url', module.base_url, (text) => parseAddress(text, 'refuse'), ''),
    apiKey: reader.take('module.apikey', module.apikey, parseHeaderText, ''),
    ...(module.organization_id !== undefined && {
      organizationId: reader.take('module.organization_id', module.organization_id, parseOrganization, ''),
    }),
  };
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
