import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import { Ajv, type Schema } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

import { loadConfiguration } from '../../src/harness/load-configuration.js';
import { triggers } from '../../src/modules.js';
import { fakeHarness } from '../support/fake-harness.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

/** An object of just these members, all of them needed. */
function exactly(properties: Record<string, Schema>): Schema {
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties };
}

const text = { type: 'string', minLength: 1 };
const whole = { type: 'integer', minimum: 1 };
const listOf = (items: Schema): Schema => ({ type: 'array', minItems: 1, items });
const quantity = { type: 'string', pattern: String.raw`^\d+(m|Mi|Gi)?$` };

function problems(schema: Schema, value: unknown): unknown[] {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.validate(schema, value);
  return ajv.errors ?? [];
}

/** Every rule of the schema that guards something is shown to guard it: without a member, or with another, it is broken. */
function expectGuarded(schema: Schema, value: unknown, paths: readonly string[]): void {
  for (const path of paths) {
    const changed = structuredClone(value);
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((node, key) => (node as Record<string, unknown>)[key], changed) as Record<
      string,
      unknown
    >;
    expect([path, last in parent]).toEqual([path, true]);
    Reflect.deleteProperty(parent, last);
    expect([path, problems(schema, changed).length > 0]).toEqual([path, true]);
  }
}

const MANIFEST = JSON.parse(readFileSync('manifest.json', 'utf8')) as { version: string };
const COMMAND = triggers[0]!.trigger.command;
const DOCKERFILE = readFileSync('Dockerfile', 'utf8');
const IMAGE = new RegExp(`^([a-z.]+/)?sekoia-jumpcloud-directory-insights:${MANIFEST.version.replaceAll('.', '\\.')}$`)
  .source;

describe('the Dockerfile', () => {
  const lines = DOCKERFILE.replace(/\\\n\s*/g, '').split('\n');
  const all = (instruction: string): string[] =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));

  it('is built in stages upon one base, pinned to a release of Node.js and of Debian, slim', () => {
    const bases = all('FROM').map((rest) => rest.split(' ')[0]);
    expect(bases).toHaveLength(3);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('takes no argument and no secret, and fetches nothing but packages of the lock file', () => {
    expect(all('ARG')).toEqual([]);
    expect(all('ADD')).toEqual([]);
    expect(DOCKERFILE).not.toMatch(/--mount|curl|wget|apt-get|npm install/);
  });

  it('has packages for production only in its last stage, and no compiler', () => {
    const [last = ''] = DOCKERFILE.split(/^FROM /m).slice(-1);
    expect(all('RUN').filter((command) => command.includes('npm ci --omit=dev'))).toHaveLength(1);
    expect(last).toContain('COPY --from=dependencies /app/node_modules ./node_modules');
    expect(last).not.toMatch(/^COPY (--from=build \/app\/node_modules|src)/m);
  });

  it('runs as sekoiaio-runtime, by entry point and health check in exec form', () => {
    expect(all('USER')).toEqual(['sekoiaio-runtime']);
    expect(JSON.parse(all('ENTRYPOINT')[0] ?? '')).toEqual(['node', '/app/dist/main.js']);
    const [, check = ''] = /CMD (\[.*\])$/.exec(all('HEALTHCHECK')[0] ?? '') ?? [];
    expect((JSON.parse(check) as string[])[0]).toBe('node');
    expect(all('CMD')).toEqual([]);
  });

  it.each([
    ['a file of the platform', '9001\n', '9002', '9001'],
    ['the variable', undefined, '9002', '9002'],
    ['nothing', undefined, undefined, '8000'],
  ])('is asked for its health at the port that %s names', async (_, file, variable, port) => {
    const [, check = ''] = /CMD (\[.*\])$/.exec(all('HEALTHCHECK')[0] ?? '') ?? [];
    const directory = newDirectory();
    if (file !== undefined) writeFileSync(join(directory, 'liveness_port'), file);
    const [, , code = ''] = JSON.parse(check) as string[];
    const spy = 'globalThis.fetch = async (url) => (console.log(url), { ok: true });';
    const env = {
      CONFIGURATION_PATH: directory,
      ...(variable !== undefined && { LIVENESS_PORT: variable }),
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', `${spy}${code}`], { env });
    expect(stdout).toBe(`http://127.0.0.1:${port}/health\n`);
  });

  it('of a module to begin with is upon the same base, with the same health check, user and entry point', () => {
    const example = readFileSync('examples/okta-system-log/Dockerfile', 'utf8');
    const parts = /^(FROM \S+|HEALTHCHECK .*\n.*|USER .*|ENTRYPOINT .*|RUN usermod(.*\\\n)*.*)$/gm;
    expect(new Set(example.match(parts))).toEqual(new Set(DOCKERFILE.match(parts)));
  });

  it('gets nothing for its build but what it copies', () => {
    const copied = all('COPY')
      .filter((rest) => !rest.startsWith('--from='))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    const allowed = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(new Set(copied)).toEqual(new Set(allowed));
    expect(readFileSync('.dockerignore', 'utf8')).toMatch(/^\*$/m);
  });
});

const COMPOSE = exactly({
  name: text,
  services: exactly({
    connector: exactly({
      build: { const: '.' },
      image: { type: 'string', pattern: IMAGE },
      command: { const: [COMMAND] },
      environment: exactly({ MODULE_CONFIGURATION: text, CONNECTOR_CONFIGURATION: text, INTAKE_URL: text }),
      volumes: { const: ['state:/symphony_data'] },
      // Only this machine may look.
      ports: listOf({ type: 'string', pattern: String.raw`^127\.0\.0\.1:\d+:\d+$` }),
      read_only: { const: true },
      cap_drop: { const: ['ALL'] },
      security_opt: { const: ['no-new-privileges:true'] },
      pids_limit: whole,
      mem_limit: { type: 'string', pattern: String.raw`^\d+m$` },
      restart: { const: 'unless-stopped' },
      stop_grace_period: { type: 'string', pattern: String.raw`^\d+s$` },
    }),
  }),
  volumes: exactly({ state: { type: 'null' } }),
});

describe('compose.yaml', () => {
  const document = parse(readFileSync('compose.yaml', 'utf8')) as Record<string, unknown>;
  const connector = (document['services'] as { connector: { environment: Record<string, string> } }).connector;

  it('is what its schema says: read-only, without capabilities, state in a volume', () => {
    expect(problems(COMPOSE, document)).toEqual([]);
    const guarded = ['read_only', 'cap_drop', 'security_opt', 'volumes', 'restart', 'stop_grace_period'];
    expectGuarded(COMPOSE, document, ['volumes.state', ...guarded.map((name) => `services.connector.${name}`)]);
  });

  it('holds no secret: each is asked of the environment, and must be there', () => {
    const references = Object.values(connector.environment).flatMap((value) => value.match(/\$\{[^}]*\}/g) ?? []);
    expect(references.map((reference) => /^\$\{([A-Z_]+):\?.+\}$/.exec(reference)?.[1])).toEqual([
      'JUMPCLOUD_API_KEY',
      'SEKOIA_INTAKE_KEY',
      'SEKOIA_INTAKE_URL',
    ]);
  });

  it('configures a connector that starts', async () => {
    const given = (value: string): string =>
      value.replaceAll(/\$\{\w+_URL[^}]*\}/g, 'https://intake.example').replaceAll(/\$\{[^}]*\}/g, 'key-1');
    const environment = Object.fromEntries(
      Object.entries(connector.environment).map(([name, value]) => [name, given(value)]),
    );
    await expectLoads({ environment });
  });
});

const labelled = exactly({ name: text, labels: exactly({ 'app.kubernetes.io/name': text }) });
const probe = {
  type: 'object',
  required: ['httpGet', 'periodSeconds'],
  properties: { httpGet: exactly({ path: { const: '/health' }, port: { const: 'liveness' } }), periodSeconds: whole },
};

const DEPLOYMENT = exactly({
  apiVersion: { const: 'apps/v1' },
  kind: { const: 'Deployment' },
  metadata: labelled,
  spec: exactly({
    replicas: { const: 1 },
    strategy: exactly({ type: { const: 'Recreate' } }),
    selector: exactly({ matchLabels: exactly({ 'app.kubernetes.io/name': text }) }),
    template: exactly({
      metadata: exactly({ labels: exactly({ 'app.kubernetes.io/name': text }) }),
      spec: exactly({
        automountServiceAccountToken: { const: false },
        terminationGracePeriodSeconds: { type: 'integer', minimum: 10 },
        securityContext: exactly({
          runAsNonRoot: { const: true },
          runAsUser: { const: 1000 },
          runAsGroup: { const: 1000 },
          fsGroup: { const: 1000 },
          fsGroupChangePolicy: { enum: ['OnRootMismatch', 'Always'] },
          seccompProfile: exactly({ type: { const: 'RuntimeDefault' } }),
        }),
        containers: listOf(
          exactly({
            name: text,
            image: { type: 'string', pattern: IMAGE },
            args: { const: [COMMAND] },
            ports: listOf(exactly({ name: text, containerPort: whole })),
            startupProbe: probe,
            livenessProbe: probe,
            readinessProbe: probe,
            resources: exactly({
              requests: exactly({ cpu: quantity, memory: quantity }),
              limits: exactly({ memory: quantity }),
            }),
            securityContext: exactly({
              allowPrivilegeEscalation: { const: false },
              readOnlyRootFilesystem: { const: true },
              capabilities: exactly({ drop: { const: ['ALL'] } }),
            }),
            volumeMounts: listOf({ type: 'object', required: ['name', 'mountPath'] }),
          }),
        ),
        volumes: listOf({ type: 'object', required: ['name'] }),
      }),
    }),
  }),
});

const SECRET = exactly({
  apiVersion: { const: 'v1' },
  kind: { const: 'Secret' },
  metadata: labelled,
  type: { const: 'Opaque' },
  stringData: exactly({ module_configuration: text, connector_configuration: text, intake_url: text }),
});

const CLAIM = exactly({
  apiVersion: { const: 'v1' },
  kind: { const: 'PersistentVolumeClaim' },
  metadata: labelled,
  spec: exactly({
    accessModes: { const: ['ReadWriteOnce'] },
    resources: exactly({ requests: exactly({ storage: quantity }) }),
  }),
});

interface PodSpec {
  readonly containers: readonly {
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}

describe('deploy/kubernetes.yaml', () => {
  const documents = parseAllDocuments(readFileSync('deploy/kubernetes.yaml', 'utf8'));
  const [secret, claim, deployment] = documents.map((document) => document.toJS() as Record<string, unknown>);
  const spec = (deployment?.['spec'] as { template: { spec: PodSpec } }).template.spec;

  it('is what its schemas say: a Secret, a claim for the state, a Deployment that may do nothing it need not', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect(documents).toHaveLength(3);
    expect([problems(SECRET, secret), problems(CLAIM, claim), problems(DEPLOYMENT, deployment)]).toEqual([[], [], []]);
    const container = 'spec.template.spec.containers.0';
    expectGuarded(DEPLOYMENT, deployment, [
      'spec.strategy.type',
      'spec.template.spec.securityContext.runAsNonRoot',
      'spec.template.spec.automountServiceAccountToken',
      `${container}.livenessProbe`,
      `${container}.securityContext.readOnlyRootFilesystem`,
      `${container}.securityContext.capabilities`,
      `${container}.resources.limits.memory`,
    ]);
  });

  it('mounts the Secret where the platform has its files, and the claim where the state is', () => {
    const [container] = spec.containers;
    expect(container?.volumeMounts).toEqual([
      { name: 'configuration', mountPath: '/symphony', readOnly: true },
      { name: 'state', mountPath: '/symphony_data' },
    ]);
    expect(spec.volumes).toEqual([
      { name: 'configuration', secret: { secretName: nameOf(secret), defaultMode: 0o440 } },
      { name: 'state', persistentVolumeClaim: { claimName: nameOf(claim) } },
    ]);
    expect(container?.ports.find(({ name }) => name === 'liveness')?.containerPort).toBe(8000);
  });

  it('selects its own pods', () => {
    const { selector, template } = deployment?.['spec'] as Record<string, { matchLabels: unknown; metadata: unknown }>;
    expect(template?.metadata).toEqual({ labels: selector?.matchLabels });
  });

  it('configures a connector that starts', async () => {
    const { stringData } = secret as { stringData: Record<string, string> };
    const files = Object.fromEntries(
      Object.entries(stringData).map(([name, value]) => [`/symphony/${name}`, value.replaceAll(/<[^>]*>/g, 'key-1')]),
    );
    await expectLoads({ files });
  });
});

function nameOf(document: Record<string, unknown> | undefined): string {
  return (document?.['metadata'] as { name: string }).name;
}

async function expectLoads(given: {
  environment?: Record<string, string>;
  files?: Record<string, string>;
}): Promise<void> {
  const packageFiles = ['manifest.json', 'triggers/jumpcloud-directory-insights-connector.json'];
  const schemas = ['module-configuration', 'connector-arguments'].map((name) => `schemas/${name}.schema.json`);
  const files = [...packageFiles, ...schemas].map((path) => [`/package/${path}`, readFileSync(path, 'utf8')]);
  const world = fakeHarness({ triggers, ...given, files: { ...Object.fromEntries(files), ...given.files } });
  const { loaded } = await loadConfiguration(world, COMMAND, {});
  expect(loaded.warnings).toEqual([]);
}
