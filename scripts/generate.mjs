// Makes everything that follows from schemas/*.schema.json (the TypeScript types with the schemas themselves, their
// validators and the tables of settings) and from the definitions of metrics (their document), and compiles the kernel of
// the event path to WebAssembly. Needs no build. With --check it writes nothing and exits 1 where a file is not what it
// should be.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import asc from 'assemblyscript/asc';
import { compile } from 'json-schema-to-typescript';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..');
const check = process.argv.includes('--check');

const SCHEMAS = [
  {
    file: 'module-configuration',
    type: 'ModuleConfiguration',
    constant: 'moduleConfigurationSchema',
    validator: 'validateModule',
  },
  {
    file: 'connector-arguments',
    type: 'ConnectorArguments',
    constant: 'connectorArgumentsSchema',
    validator: 'validateArguments',
  },
  {
    file: 'storage-connector-arguments',
    type: 'StorageConnectorArguments',
    constant: 'storageConnectorArgumentsSchema',
    validator: 'validateStorageArguments',
  },
  { file: 'playbook', type: 'PlaybookFile', constant: 'playbookSchema', validator: 'validatePlaybook' },
];

const schemas = new Map();
for (const { file } of SCHEMAS) {
  schemas.set(file, JSON.parse(await readText(`schemas/${file}.schema.json`)));
}
const describeSettings = await loadDescribeSettings();

const drift = [];
await produce('src/jumpcloud/configuration.generated.ts', await typeScript());
await produce('src/jumpcloud/validators.generated.ts', validators());
await produce('src/sdk/json/kernel/kernel.generated.ts', await compiledKernel());
await produce('docs/configuration.md', document());
await produce('docs/metrics.md', await metricsDocument());
const readme = await readText('README.md');
if (readme !== undefined) await produce('README.md', withTables(readme));

if (drift.length > 0) {
  console.error(`Not what the schemas and definitions say; run 'npm run generate': ${drift.join(', ')}`);
  process.exitCode = 1;
}

/** The kernel's WebAssembly as text, so that nothing has to find a file at run time. */
async function compiledKernel() {
  const files = new Map();
  const options = ['-o', 'kernel.wasm', '--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];
  // As in src/sdk/json/kernel/memory.ts.
  const memory = ['--importMemory', '--initialMemory', '512', '--maximumMemory', '512'];
  const { error, stderr } = await asc.main(['kernel.as.ts', ...options, ...memory], {
    readFile: (name) => (name === 'kernel.as.ts' ? readText(`src/sdk/json/kernel/${name}`) : null),
    writeFile: (name, content) => files.set(name, content),
    listFiles: () => [],
  });
  if (error) throw new Error(`kernel.as.ts does not compile: ${stderr.toString()}`, { cause: error });
  const lines = Buffer.from(files.get('kernel.wasm'))
    .toString('base64')
    .match(/.{1,100}/g)
    .map((line) => `'${line}'`);
  return [
    '// Made from kernel.as.ts by npm run generate. Do not edit.',
    '',
    '/** WebAssembly, in base64. */',
    `export const KERNEL =\n  ${lines.join(' +\n  ')};`,
    '',
  ].join('\n');
}

async function readText(file) {
  try {
    return await readFile(path.join(root, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function produce(file, content) {
  if ((await readText(file)) === content) return;
  if (check) drift.push(file);
  else await writeFile(path.join(root, file), content);
}

/** The program's own describe-settings.ts, so that document, help and messages say the same. */
async function loadDescribeSettings() {
  const names = ['schema', 'layer', 'describe-settings'];
  const module = await loadSource(names.map((name) => `configuration/${name}`));
  return module.describeSettings;
}

/** The last of some files of src/sdk, named without `.ts`, as a module; the others are what it imports. */
async function loadSource(names) {
  const directory = await mkdtemp(path.join(tmpdir(), 'generate-'));
  try {
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    for (const name of names) {
      const source = await readText(`src/sdk/${name}.ts`);
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
      });
      await mkdir(path.join(directory, path.dirname(name)), { recursive: true });
      await writeFile(path.join(directory, `${name}.js`), outputText);
    }
    return await import(pathToFileURL(path.join(directory, `${names.at(-1)}.js`)).href);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function metricsDocument() {
  const { METRICS, metricName } = await loadSource(['reconciliation/lateness', 'observability/metric-definitions']);
  const code = (text) => `\`${text}\``;
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => [
    code(metricName({ name }, 'jumpcloud')),
    type,
    labels.map(code).join(', '),
    help.replaceAll('|', '\\|'),
  ]);
  const steps = Object.values(METRICS)
    .filter(({ buckets }) => buckets !== undefined)
    .map(({ name, buckets }) => [code(metricName({ name }, 'jumpcloud')), buckets.join(', ')]);
  return `# Metrics

<!-- Made of src/sdk/observability/metric-definitions.ts by 'npm run generate'. Do not edit. -->

As the platform runs it, the connector serves them to Prometheus on port 8020 (\`metrics_port\`) and on port 8010
(\`WORKER_PROM_LISTEN_PORT\`), at any path; \`run --metrics-port\` serves them on 127.0.0.1. \`deploy/grafana-dashboard.json\` shows
them. Whatever they are about, they are updated once for a batch, a piece of a page, a request or a commit; only
\`event_lateness_seconds\` has an observation an event, where the tail is up to date.

${formatTable([['Metric', 'Type', 'Labels', 'Meaning'], ...rows])}
## Labels

- \`intake_key\`: the first eight hexadecimal digits of the SHA-256 of the intake key. Dashboards of the Python connector may ask
  for the key itself: with \`metrics_intake_key_label\` \`clear\` (file in \`/symphony\`, or \`METRICS_INTAKE_KEY_LABEL\`) that is what
  it holds. This is insecure, since whoever can reach the port reads the key and may send events with it, and is warned of.
- \`service\`: what the events say; 64 are told apart, and what else comes is \`other\`. How many events of each service are
  collected is known while the tail is up to date, from the count of \`event_lateness_seconds\`; of a backlog it is not, for nobody
  reads the service of an event on its way through.
- \`lane\`: \`tail\` (what happens now), \`gap\` (what was found missing), \`backfill\` (the past).
- \`urgency\`: \`live\`, or \`backlog\`, whose requests let the others go first.
- \`endpoint\`: \`events\`, \`count\`, \`distinct\` or \`interval\` of the API; \`list\`, \`object\` or \`queue\` of a storage. \`status\`: \`2xx\` to \`5xx\`, or \`none\`.
- \`side\`: \`source\`, \`counts\` (the source, asked to count), \`destination\`, \`state\`. \`code\`: see [errors.md](errors.md).

## Steps of histograms

Upper ends, seconds.

${formatTable([['Metric', 'Steps'], ...steps])}`;
}

async function typeScript() {
  const parts = [
    "// Made of schemas/*.schema.json by 'npm run generate'. Do not edit.",
    "import type { SettingsSchema } from '../sdk/configuration/schema.js';\n",
  ];
  for (const { file, type, constant } of SCHEMAS) {
    const schema = schemas.get(file);
    const types = await compile(typedForm(schema), type, { bannerComment: '', additionalProperties: false });
    parts.push(
      `/** ${schema.title}, validated and complete. */`,
      types.replaceAll(/^ {2}(\w+\??:)/gm, '  readonly $1'),
    );
    const { $schema: _, ...rest } = schema;
    parts.push(`/** schemas/${file}.schema.json */`);
    parts.push(`export const ${constant}: SettingsSchema = ${JSON.stringify(rest, undefined, 2)};\n`);
  }
  return parts.join('\n');
}

/** The code that the validator would make of the schemas at each start; with its options of src/sdk/configuration/validate.ts. */
function validators() {
  const code = { source: true, esm: true, lines: true };
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, logger: false, code });
  for (const { file } of SCHEMAS) {
    const { $schema: _, ...rest } = schemas.get(file);
    ajv.addSchema(rest, file);
  }
  const exported = Object.fromEntries(SCHEMAS.map(({ file, validator }) => [validator, file]));
  // It writes 'require' for its own parts, in modules too.
  const imports = new Map();
  const text = standalone.default(ajv, exported).replaceAll(/require\("([^"]+)"\)/g, (_, name) => {
    if (!imports.has(name)) imports.set(name, `part${imports.size}`);
    return imports.get(name);
  });
  return [
    "// Made of schemas/*.schema.json by 'npm run generate'. Do not edit.",
    '// @ts-nocheck',
    ...[...imports].map(([name, as]) => `import ${as} from '${name}.js';`),
    '',
    text.replace(/^"use strict";\s*/, '').trimEnd(),
    '',
  ].join('\n');
}

/** A setting with a default is always there once resolved; titles would become types of their own. */
function typedForm(schema) {
  const { title: _title, description: _description, ...rest } = structuredClone(schema);
  const names = Object.keys(rest.properties);
  for (const name of names) delete rest.properties[name].title;
  const required = new Set([...(rest.required ?? []), ...names.filter((name) => 'default' in rest.properties[name])]);
  return { ...rest, required: [...required] };
}

function document() {
  return `# Configuration

<!-- Made of schemas/*.schema.json by 'npm run generate'. Do not edit. -->

An empty value (\`null\`, \`""\`) counts as absent. Durations are whole numbers with units: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`,
\`w\`, as in \`90m\` or \`1h30m\`. A number may be written as text where nothing is lost by it.
[accounts.md](accounts.md): service accounts, regions, and which settings may change while a connector runs.

${tables()}
## Playbook file

${schemas.get('playbook').description}

${table('playbook', false)}`;
}

function withTables(text) {
  const between = /(<!-- settings:begin -->\n)[\s\S]*?(<!-- settings:end -->)/;
  return text.replace(between, (_, begin, end) => `${begin}\n${tables('###')}\n${end}`);
}

function tables(heading = '##') {
  return [
    `${heading} Account (module configuration)\n\n${table('module-configuration', true)}`,
    `${heading} Arguments (trigger configuration)\n\n${table('connector-arguments', true)}`,
    `${heading} Arguments of the Storage Connector\n\n${table('storage-connector-arguments', true)}`,
  ].join('\n');
}

function table(file, flags) {
  const rows = describeSettings(schemas.get(file)).map((row) => {
    const value = row.required ? '(required)' : row.default === '' ? '' : `\`${row.default}\``;
    const name = `\`${row.name}\`${row.secret ? ' (secret)' : ''}`;
    const cells = [
      name,
      ...(flags ? [row.secret ? 'none: file or environment' : `\`${row.flag}\``] : []),
      row.type,
      value,
      row.allowed,
      row.description,
    ];
    return cells.map((cell) => cell.replaceAll('|', '\\|'));
  });
  const header = ['Setting', ...(flags ? ['Flag'] : []), 'Type', 'Default', 'Allowed', 'Meaning'];
  return formatTable([header, ...rows]);
}

/** Pads the columns as prettier does. */
function formatTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |\n`;
  const [header, ...body] = rows;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}
