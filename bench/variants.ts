import { fileURLToPath } from 'node:url';

import type { VariantOptions } from './variants/wire.js';

/** A program that moves the events from the one server to the other. */
export interface Variant {
  readonly name: string;
  /** What Node.js is told to run. */
  command(options: VariantOptions, dataPath: string): { readonly args: string[]; readonly environment: Environment };
}

type Environment = Readonly<Record<string, string>>;

/** This connector as it is built, with settings beside those that every run needs. */
export function connector(name = 'this connector', settings: object = {}): Variant {
  return {
    name,
    command: ({ apiUrl, intakeUrl, fromMs, requestsPerSecond = 1000 }, dataPath) => ({
      args: ['dist/harness/cli.js', 'run', '--data-path', dataPath],
      environment: {
        MODULE_CONFIGURATION: JSON.stringify({ base_url: apiUrl, apikey: 'bench' }),
        CONNECTOR_CONFIGURATION: JSON.stringify({
          intake_key: 'bench',
          intake_server: intakeUrl,
          start_from: new Date(fromMs - 1000).toISOString(),
          requests_per_second: requestsPerSecond,
          ...settings,
        }),
      },
    }),
  };
}

/** A script of `variants/`. */
function script(name: string, file: 'plain' | 'relay', more: Partial<VariantOptions> = {}): Variant {
  const path = fileURLToPath(new URL(`./variants/${file}.js`, import.meta.url));
  return { name, command: (options) => ({ args: [path, JSON.stringify({ ...options, ...more })], environment: {} }) };
}

export const PLAIN = script('plain Node.js', 'plain');
export const RELAY = script('relay', 'relay');
export const RELAY_IN_SLICES = script('relay, 4 slices', 'relay', { slices: 4 });
