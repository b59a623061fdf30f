import { describeSearchTerm } from './search-term.js';
import type { ConnectorSettings } from './settings.js';

/** What a connector collects, in words. `streamFilter` reads them: what is added here must be told there. */
export function describeStream({
  services,
  organizationId,
  providerId,
  searchTerm,
}: Pick<ConnectorSettings, 'services' | 'organizationId' | 'providerId' | 'searchTerm'>): string {
  const organization = organizationId === undefined ? '' : ` of organization ${organizationId}`;
  const whose = providerId === undefined ? organization : ` of provider ${providerId}`;
  const filter = searchTerm === undefined ? '' : `, where ${describeSearchTerm(searchTerm)}`;
  return `services ${[...services].sort().join(', ')}${whose}${filter}`;
}
