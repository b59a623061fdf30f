import type { Simulators } from '../../src/simulators/serve.js';

/** Nothing is served to whoever watches: many programs run at a time. */
export const NO_PORTS = { LIVENESS_PORT: '0', METRICS_PORT: '0', WORKER_PROM_LISTEN_PORT: '0' };

/** The platform's environment for a connector between two simulators. */
export function connectorEnvironment(
  {
    jumpcloudUrl,
    apiKey,
    intakeUrl,
    intakeKey,
  }: Pick<Simulators, 'jumpcloudUrl' | 'apiKey' | 'intakeUrl' | 'intakeKey'>,
  dataPath: string,
  overrides: { readonly module?: object; readonly arguments?: object } = {},
): Record<string, string> {
  return {
    MODULE_CONFIGURATION: JSON.stringify({ base_url: jumpcloudUrl, apikey: apiKey, ...overrides.module }),
    CONNECTOR_CONFIGURATION: JSON.stringify({
      intake_key: intakeKey,
      start_from: '30d',
      frequency: 1,
      overlap: '30s',
      ...overrides.arguments,
    }),
    INTAKE_URL: intakeUrl,
    DATA_PATH: dataPath,
    ...NO_PORTS,
  };
}
