import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';

/**
 * The rules of the library of automation modules, written down a second time from their description, so that it can
 * disagree with what the program believes. Shares nothing with src/.
 * @returns what is wrong, one line each
 */
export function libraryComplaints(directory: string, commands: readonly string[]): string[] {
  const complaints: string[] = [];
  const complain = (condition: boolean, text: string): void => {
    if (condition) complaints.push(text);
  };
  const manifest = objectIn(join(directory, 'manifest.json'));
  complain(manifest === undefined, 'no manifest');
  if (manifest !== undefined) {
    for (const member of ['uuid', 'name', 'slug', 'description', 'version']) {
      complain(typeof manifest[member] !== 'string' || manifest[member] === '', `manifest without ${member}`);
    }
    complain(!isUuid(manifest['uuid']), 'manifest uuid');
    complain(!/^[a-z]([a-z_.-]|\d)*$/.test(String(manifest['slug'])), 'slug as the checker reads it');
    complain(/[^a-z-]/.test(String(manifest['slug'])), 'slug as the documentation wants it');
    complain(semantic(String(manifest['version'])) === undefined, 'manifest version');
    complain(!isDraft7(manifest['configuration']), 'manifest configuration');
    complain(hasForeignReference(manifest), 'manifest refers elsewhere');
    complain(!secretsAreProperties(manifest['configuration']), 'secrets that are no properties');
    const categories = manifest['categories'];
    complain(!Array.isArray(categories) || categories.length === 0, 'no category');
    for (const category of Array.isArray(categories) ? (categories as unknown[]) : []) {
      complain(!CATEGORIES.has(String(category)), `category ${String(category)}`);
    }
    for (const added of ['docker', 'image', 'changelog']) complain(added in manifest, `manifest has ${added}`);
    complaints.push(...changelogComplaints(directory, String(manifest['version'])));
    for (const file of ['package.json', 'package-lock.json']) {
      complain(objectIn(join(directory, file))?.['version'] !== manifest['version'], `version of ${file}`);
    }
  }
  complaints.push(...itemComplaints(directory, commands), ...logoComplaints(directory));
  complain(!existsSync(join(directory, 'Dockerfile')), 'no Dockerfile');
  complain(existsSync(join(directory, 'pyproject.toml')), 'taken for a Python module');
  for (const path of filesBelow(directory).filter((each) => each.endsWith('.json'))) {
    complain(!isPythonJson(readFileSync(path, 'utf8')), `lint of ${path}`);
  }
  return complaints;
}

type Json = Record<string, unknown>;

const CATEGORIES = new Set(
  'Applicative,Cloud Providers,Collaboration Tools,Email,Endpoint,Generic,IAM,Network,Threat Intelligence'.split(','),
);

function objectIn(path: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value);
}

/** One for all: each compiles the schema of schemas anew. */
const draft7 = new Ajv({ strict: false });

function isDraft7(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && draft7.validateSchema(schema) === true;
}

function hasForeignReference(value: unknown): boolean {
  return /"\$ref":"[^#]/.test(JSON.stringify(value));
}

function secretsAreProperties(configuration: unknown): boolean {
  const { properties = {}, secrets = [] } = (configuration ?? {}) as { properties?: object; secrets?: string[] };
  return secrets.every((name) => Object.keys(properties).includes(name));
}

function itemComplaints(directory: string, commands: readonly string[]): string[] {
  const found: string[] = [];
  const seen = new Map<string, Json>();
  for (const file of readdirSync(directory)) {
    const prefix = ['connector_', 'trigger_', 'action_'].find((each) => file.startsWith(each));
    if (prefix === undefined || !file.endsWith('.json')) continue;
    const item = objectIn(join(directory, file));
    if (item === undefined) {
      found.push(`${file} is no object`);
      continue;
    }
    for (const member of ['name', 'uuid', 'description', 'docker_parameters']) {
      if (typeof item[member] !== 'string') found.push(`${file} without ${member}`);
    }
    if (!isUuid(item['uuid'])) found.push(`${file} uuid`);
    if (!isDraft7(item['arguments'])) found.push(`${file} arguments`);
    if (prefix !== 'connector_' && !isDraft7(item['results'])) found.push(`${file} results`);
    if (hasForeignReference(item)) found.push(`${file} refers elsewhere`);
    if (prefix === 'connector_') {
      const { required = [] } = (item['arguments'] ?? {}) as { required?: string[] };
      if (!required.includes('intake_key')) found.push(`${file} without intake_key`);
    }
    for (const [other, earlier] of seen) {
      for (const member of ['uuid', 'docker_parameters']) {
        const isSame = earlier[member] === item[member];
        const isSameKind = other.startsWith(prefix);
        if (isSameKind && isSame) found.push(`${member} of ${file} and ${other}`);
        // Characters are stripped off the left end, whatever their order.
        const isPair = other !== file && !isSameKind && lettersOff(other) === lettersOff(file);
        if (isPair && !isSame) found.push(`${member} of the pair ${file} and ${other}`);
      }
    }
    seen.set(file, item);
  }
  const named = new Set([...seen.values()].map((item) => item['docker_parameters']));
  if (commands.length !== named.size || commands.some((command) => !named.has(command))) found.push('commands');
  return found;
}

function lettersOff(file: string): string {
  const letters = file.startsWith('connector_') ? 'connector_' : 'trigger_';
  let from = 0;
  while (letters.includes(file.charAt(from))) from += 1;
  return file.slice(from);
}

function logoComplaints(directory: string): string[] {
  if (existsSync(join(directory, 'logo.svg'))) return [];
  if (!existsSync(join(directory, 'logo.png'))) return ['no logo'];
  const png = readFileSync(join(directory, 'logo.png'));
  if (png.toString('latin1', 1, 4) !== 'PNG') return ['logo is no PNG'];
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  return [...(width === height ? [] : ['logo not square']), ...(png.length <= 51_200 ? [] : ['logo too large'])];
}

function changelogComplaints(directory: string, version: string): string[] {
  const path = join(directory, 'CHANGELOG.md');
  if (!existsSync(path)) return ['no changelog'];
  const found: string[] = [];
  const titles: string[] = [];
  const versions: string[] = [];
  let preamble = '';
  let place: 'nowhere' | 'preamble' | 'entry' | 'section' = 'nowhere';
  const text = readFileSync(path, 'utf8');
  for (const line of text.split('\n').slice(0, -1)) {
    const [, marks, title = ''] = /^(#+) +(.*)$/.exec(line) ?? [];
    if (marks === '#') {
      titles.push(title);
      place = 'preamble';
    } else if (marks === '##') {
      place = 'entry';
      const named = /\d+\.\d+\.\d+[^\s\]]*/.exec(title)?.[0];
      if (named === undefined && !title.toLowerCase().includes('unreleased')) found.push(`entry ${title}`);
      if (named !== undefined && !/\d{4}-\d\d-\d\d/.test(title)) found.push(`date of ${title}`);
      if (named !== undefined) versions.push(named);
    } else if (marks === '###') {
      if (place === 'preamble') found.push('section without entry');
      place = 'section';
      if (!/^(Added|Changed|Deprecated|Removed|Fixed|Security)$/.test(title)) found.push(`section ${title}`);
    } else if (place === 'preamble') {
      preamble += ` ${line}`;
    } else if (place === 'entry' && line.trim() !== '') {
      found.push(`text outside a section: ${line}`);
    }
  }
  if (titles.length !== 1 || !/^Change ?log$/.test(titles[0] ?? '')) found.push('title');
  const flat = preamble.replace(/\s+/g, ' ');
  const isStandard =
    flat.includes('All notable changes to this project will be documented in this file.') &&
    flat.includes('based on [Keep a Changelog](https://keepachangelog.com/en/1.0.0/), and this project adheres to') &&
    flat.includes('[Semantic Versioning](https://semver.org/spec/v2.0.0.html)');
  if (!isStandard) found.push('preamble');
  if (versions.length === 0 && !/^## .*unreleased/im.test(text)) found.push('no entry');
  if (versions[0] !== version) found.push('newest version');
  const numbers = versions.map((each) => semantic(each) ?? [0, 0, 0]);
  for (let at = 1; at < numbers.length; at += 1) {
    const difference = numbers[at - 1]!.map((part, index) => part - numbers[at]![index]!).find((each) => each !== 0);
    if (difference === undefined || difference < 0) found.push('order of versions');
  }
  return found;
}

function semantic(text: string): number[] | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]+)?$/.exec(text);
  return match?.slice(1, 4).map(Number);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => join(directory, path))
    .filter((path) => statSync(path).isFile());
}

function isPythonJson(text: string): boolean {
  try {
    return dumped(JSON.parse(text), '') === text;
  } catch {
    return false;
  }
}

/** Numbers are whole in every file of a module. */
function dumped(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const items = Array.isArray(value)
    ? value.map((item) => dumped(item, inner))
    : Object.entries(value).map(([key, member]) => `${quoted(key)}: ${dumped(member, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return items.length === 0 ? `${open}${close}` : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}

function quoted(text: string): string {
  let written = '';
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const short = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\' }[unit];
    if (short !== undefined) written += `\\${short}`;
    else if (unit >= 32 && unit < 127) written += text.charAt(at);
    else written += `\\u${unit.toString(16).padStart(4, '0')}`;
  }
  return `"${written}"`;
}
