// Makes everything that follows from schemas/*.schema.json (the TypeScript types with the schemas themselves, their
// validators and the tables of settings), and compiles the kernel of the event path to WebAssembly. Needs no build. With
// --check it writes nothing and exits 1 where a file is not what it should be.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
const readme = await readText('README.md');
if (readme !== undefined) await produce('README.md', withTables(readme));

if (drift.length > 0) {
  console.error(`Not what the schemas say; run 'npm run generate': ${drift.join(', ')}`);
  process.exitCode = 1;
}

/** The kernel's WebAssembly as text, so that nothing has to find a file at run time. */
async function compiledKernel() {
  const files = new Map();
  const options = ['-o', 'kernel.wasm', '--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];
  const memory = ['--initialMemory', '17', '--maximumMemory', '17'];
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

/** Runs the program's own describe-settings.ts, so that document, help and messages say the same. */
async function loadDescribeSettings() {
  const directory = await mkdtemp(path.join(tmpdir(), 'generate-'));
  try {
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    for (const name of ['schema', 'layer', 'describe-settings']) {
      const source = await readText(`src/sdk/configuration/${name}.ts`);
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
      });
      await writeFile(path.join(directory, `${name}.js`), outputText);
    }
    const module = await import(pathToFileURL(path.join(directory, 'describe-settings.js')).href);
    return module.describeSettings;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
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
