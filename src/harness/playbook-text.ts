import type { Discovery } from '../jumpcloud/discover.js';
import { isSecret } from '../sdk/configuration/schema.js';
import type { LoadedAccount } from './load-configuration.js';

/** Where the account's secrets are looked for, as in the examples; others by their own name. */
const VARIABLES: Readonly<Record<string, string>> = { apikey: 'JUMPCLOUD_API_KEY' };

/**
 * A playbook file for what was discovered, YAML. Secrets are references to the environment.
 */
export function playbookFor({ registration, account }: LoadedAccount, { services }: Discovery): string {
  const { trigger, moduleSchema } = registration;
  const values = Object.entries(account).filter(
    ([name, value]) => value !== undefined && value !== moduleSchema.properties[name]?.default,
  );
  const lines = values.map(([name, value]) =>
    isSecret(moduleSchema, name)
      ? `  ${name}: \${${VARIABLES[name] ?? `JUMPCLOUD_${name.toUpperCase()}`}}`
      : `  ${name}: ${yaml(value)}`,
  );
  const isAllEnough = !services.some(({ isOutsideAll }) => isOutsideAll);
  const names = services
    .filter(({ isListed, events }) => isListed === true || events > 0)
    .map(({ name, isKnown }) => (isKnown ? name : `unlisted:${name}`));
  const service = isAllEnough
    ? ['  # Every service, also those that JumpCloud adds later.', '  service: all']
    : [
        "  # By name, since 'all' leaves some out; services that JumpCloud adds later have to be added here.",
        `  service: ${yaml(names)}`,
      ];
  return [
    "# Written by 'sekoia-module discover'. Secrets stay in the environment.",
    `trigger: ${trigger.command}`,
    'account:',
    ...lines,
    'arguments:',
    '  intake_server: https://intake.sekoia.io',
    '  intake_key: ${SEKOIA_INTAKE_KEY}',
    ...service,
    "  # 'retention' collects the 90 days that JumpCloud keeps as well.",
    '  start_from: 1m',
    'data_path: ./data',
    '',
  ].join('\n');
}

/** JSON is YAML; what looks like a reference is none. */
function yaml(value: unknown): string {
  return JSON.stringify(value).replaceAll('${', () => '$${');
}
