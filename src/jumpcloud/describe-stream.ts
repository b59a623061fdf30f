import type { ConnectorSettings } from './settings.js';

/** What a connector collects, in words. `streamFilter` reads them: what is added here must be told there. */
export function describeStream({
  services,
  organizationId,
}: Pick<ConnectorSettings, 'services' | 'organizationId'>): string {
  const organization = organizationId === undefined ? '' : ` of organization ${organizationId}`;
  return `services ${[...services].sort().join(', ')}${organization}`;
}
