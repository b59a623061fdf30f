import { stringify } from 'yaml';

import { readPlaybook } from '../../../src/harness/playbook-file.js';
import { triggers } from '../../../src/modules.js';
import { ConfigurationError } from '../../../src/sdk/errors.js';
import { loadTrigger, type TriggerRegistration } from '../../../src/sdk/registration.js';
import type { SeededRandom } from '../../../src/simulators/random.js';
import { mutateBytes, mutateValue } from './mutate.js';
import { NOW_MS, type Target } from './target.js';

const SECRET = 'synthetic-secret-4242';
const ENVIRONMENT = { KEY: SECRET, LOOP: '${LOOP}', EMPTY: '', HOSTILE: '__proto__' };
const HONEST = {
  trigger: 'JumpcloudDirectoryInsightsConnector',
  account: { apikey: '${KEY}', organization_id: 'org-1', base_url: 'https://api.jumpcloud.com' },
  arguments: {
    ...{
      intake_key: '${KEY}',
      intake_server: 'https://intake.sekoia.io',
      service: ['sso', 'radius'],
      start_from: '30d',
    },
    ...{ frequency: 60, chunk_size: 500, overlap: '30s', requests_per_second: 5, reconcile_every: '5m' },
  },
  data_path: './data',
};

/** What went to standard error past the log. */
let warnings: string[] = [];
process.on('warning', ({ message }) => void warnings.push(message));

/** A playbook file, and the configuration of a trigger in it. */
export const playbooks: Target = {
  name: 'a playbook file',
  async attack(random) {
    const fault = await readIt(random);
    // Warnings are told a moment later.
    await new Promise((resolve) => setImmediate(resolve));
    const [warning] = warnings;
    warnings = [];
    return fault ?? (warning === undefined ? undefined : `a warning is told past the log: ${warning}`);
  },
};

async function readIt(random: SeededRandom): Promise<string | undefined> {
  const isHonest = random.chance(0.05);
  const value = isHonest || random.chance(0.4) ? HONEST : mutateValue(HONEST, random);
  const text = Buffer.from(random.chance(0.5) ? JSON.stringify(value) : stringify(value));
  const content = isHonest ? text : mutateBytes(text, random);
  const files = { read: () => Promise.resolve(new Uint8Array(content)) };
  const registration = triggers[0] as TriggerRegistration;
  try {
    const playbook = await readPlaybook('/playbook.yaml', ENVIRONMENT, files);
    const { account: module, arguments: args, intakeUrl } = playbook;
    await loadTrigger(registration, { module, arguments: args, intakeUrl }, NOW_MS);
    return undefined;
  } catch (error) {
    if (isHonest) return `an honest one is refused: ${String(error)}`;
    if (!(error instanceof ConfigurationError)) return `it throws ${String(error)}`;
    return error.message.includes(SECRET) ? `a secret is told: ${error.message}` : undefined;
  }
}
