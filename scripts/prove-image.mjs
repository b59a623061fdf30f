// Carries out the Dockerfile without a container engine, and proves what it promises: every COPY from a bundle alone, every
// RUN as it is written, the entry point as the unprivileged user on a read-only root, the health check. Needs Linux, root,
// mount namespaces with overlayfs, and the npm registry; the program has to be built.
//
// What stands in for the base image is this machine's own root file system below an overlay, with Node.js of the same line
// from the registry and a user 'node' with the id 1000. What stays unproven for that: that the tag of the base image can be
// pulled, and that its own files suit the program.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const NODE_VERSION = '26.10.0';
const LINTER = 'dockerfile-utils@0.16.3';
const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const STORAGE_COMMAND = 'JumpcloudDirectoryInsightsStorageConnector';
const repository = path.resolve(import.meta.dirname, '..');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

if (process.argv[2] !== 'inside') enterNamespace();
else await prove(process.argv[3]);

/** Every mount made from here on is gone with the process. */
function enterNamespace() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    fail('it needs root on Linux, to mount and to change users');
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'prove-image-'));
  const self = [process.execPath, import.meta.filename, 'inside', work];
  const { status } = spawnSync('unshare', ['--mount', '--propagation', 'private', ...self], { stdio: 'inherit' });
  fs.rmSync(work, { recursive: true, force: true });
  process.exitCode = status ?? 1;
}

async function prove(work) {
  const context = path.join(work, 'context');
  run(process.execPath, [path.join(repository, 'dist/harness/cli.js'), 'bundle', '--out', context]);
  said('a bundle is the context of the build');
  lint(path.join(context, 'Dockerfile'), work);
  const image = build(context, work);
  proveContent(image);
  makeReadOnly(image);
  proveNothingWritable(image);
  proveConfigurationError(image);
  await proveHealthCheck(image);
  await proveDelivery(image);
  await proveStoredDelivery(image);
  tellSizes(image);
}

function lint(file, work) {
  install(LINTER, path.join(work, 'linter'));
  run(path.join(work, 'linter/node_modules/.bin/dockerfile-utils'), ['lint', file]);
  said(`${LINTER} finds nothing in the Dockerfile`);
}

function install(what, directory) {
  fs.mkdirSync(directory, { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--prefix', directory];
  run('npm', ['install', ...flags, what], { cwd: directory });
}

// The build

function build(context, work) {
  const node = path.join(work, 'node');
  const name = `node-linux-${process.arch}`;
  install(`${name}@${NODE_VERSION}`, node);
  const base = path.join(node, 'node_modules', name, 'bin/node');
  said(`the stand-in for the base image has Node.js ${execFileSync(base, ['--version']).toString().trim()}`);

  const stages = new Map();
  let stage;
  for (const { name: instruction, rest } of instructions(fs.readFileSync(path.join(context, 'Dockerfile'), 'utf8'))) {
    switch (instruction) {
      case 'FROM': {
        const [image, , alias = 'image'] = rest.split(/\s+/);
        if (!/^node:\d+\.\d+\.\d+-\w+-slim$/.test(image)) fail(`${image} is not pinned to a release`);
        stage = openStage(path.join(work, alias), base);
        stages.set(alias, stage);
        break;
      }
      case 'ENV':
        stage.environment[rest.split('=')[0]] = rest.split('=')[1];
        break;
      case 'WORKDIR':
        stage.directory = rest;
        fs.mkdirSync(path.join(stage.root, rest), { recursive: true });
        break;
      case 'COPY':
        copy(rest, { context, stage, stages });
        break;
      case 'RUN':
        inside(stage, ['/bin/sh', '-c', rest], 'root');
        said(`RUN ${rest}`);
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'ENTRYPOINT':
        stage.entryPoint = JSON.parse(rest);
        break;
      case 'HEALTHCHECK':
        stage.healthCheck = JSON.parse(/CMD (\[.*\])/.exec(rest)[1]);
        break;
      case 'EXPOSE':
        break;
      default:
        fail(`${instruction} is not known here`);
    }
  }
  return stage;
}

function instructions(text) {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ name: line.split(' ')[0], rest: line.slice(line.indexOf(' ') + 1) }));
}

/** An overlay on this machine's root, without what could be taken for a part of the build by mistake. */
function openStage(directory, node) {
  const [upper, scratch, root] = ['upper', 'scratch', 'root'].map((each) => path.join(directory, each));
  for (const each of [upper, scratch, root]) fs.mkdirSync(each, { recursive: true });
  run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${scratch}`, root]);
  for (const hidden of [path.dirname(repository), os.tmpdir(), '/var/tmp']) {
    run('mount', ['-t', 'tmpfs', 'tmpfs', path.join(root, hidden)]);
  }
  fs.chmodSync(path.join(root, os.tmpdir()), 0o1777);
  run('mount', ['--rbind', '/dev', path.join(root, 'dev')]);
  run('mount', ['-t', 'proc', 'proc', path.join(root, 'proc')]);
  const stage = { root, directory: '/', environment: {}, user: 'root' };
  dress(stage, node);
  return stage;
}

/** What the base image has and this machine has not, or elsewhere. */
function dress(stage, node) {
  const local = path.join(stage.root, 'usr/local');
  fs.cpSync(node, path.join(local, 'bin/node'));
  const npm = path.join(local, 'lib/node_modules/npm');
  const ours = path.dirname(path.dirname(fs.realpathSync(execFileSync('which', ['npm']).toString().trim())));
  fs.cpSync(ours, npm, { recursive: true });
  for (const [name, file] of [
    ['npm', 'npm-cli.js'],
    ['npx', 'npx-cli.js'],
  ]) {
    fs.rmSync(path.join(local, 'bin', name), { force: true });
    fs.symlinkSync(`../lib/node_modules/npm/bin/${file}`, path.join(local, 'bin', name));
  }
  const rename = (file, command) => {
    const taken = fs.readFileSync(path.join(stage.root, file), 'utf8').match(/^([^:]+):[^:]*:1000:/m)?.[1];
    inside(stage, taken === undefined ? command.add : [...command.rename, taken], 'root');
  };
  rename('etc/group', { add: ['groupadd', '--gid', '1000', 'node'], rename: ['groupmod', '--new-name', 'node'] });
  rename('etc/passwd', {
    add: ['useradd', '--uid', '1000', '--gid', '1000', '--create-home', 'node'],
    rename: ['usermod', '--login', 'node', '--home', '/home/node', '--gid', '1000'],
  });
}

function copy(rest, { context, stage, stages }) {
  const words = rest.split(/\s+/);
  const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)).root : undefined;
  const target = path.join(stage.root, stage.directory, words.pop());
  for (const source of words) {
    if (from === undefined && isIgnored(context, source)) fail(`${source} is kept from the build by .dockerignore`);
    const origin = path.join(from ?? context, source);
    const isFile = fs.statSync(origin).isFile();
    fs.cpSync(origin, isFile ? path.join(target, path.basename(source)) : target, { recursive: true });
  }
}

/** Of names at the top only, which is what ours has: the last rule that matches decides. */
function isIgnored(context, source) {
  const rules = fs.readFileSync(path.join(context, '.dockerignore'), 'utf8').split('\n');
  const [top] = source.split('/');
  const matching = rules.filter((rule) => rule === '*' || rule === `!${top}` || rule === top);
  return !matching.at(-1).startsWith('!');
}

// What the image promises

function proveContent(image) {
  for (const absent of ['typescript', 'jest', 'eslint', '@swc']) {
    if (fs.existsSync(path.join(image.root, 'app/node_modules', absent))) fail(`${absent} is in the image`);
  }
  const lock = JSON.parse(fs.readFileSync(path.join(repository, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(fs.readFileSync(path.join(image.root, 'app/node_modules/.package-lock.json'), 'utf8'));
  const development = Object.keys(installed.packages).filter((name) => lock[name]?.dev === true);
  if (development.length > 0) fail(`for development only, and in the image: ${development.join(', ')}`);
  const optional = Object.keys(installed.packages).filter((name) => lock[name]?.optional === true);
  if (optional.length > 0) fail(`for workers of a queue only, and in the image: ${optional.join(', ')}`);
  if (fs.existsSync(path.join(image.root, 'usr/local/bin/npm'))) fail('npm is in the image');
  said(`${Object.keys(installed.packages).length} packages, none of them for development, and no npm`);
}

/** As `docker run --read-only` with a volume on the data path: its owner and mode are those of the image's directory. */
function makeReadOnly(image) {
  const data = path.join(image.root, 'symphony_data');
  const { uid, gid, mode } = fs.statSync(data);
  run('mount', ['-o', 'remount,ro', image.root]);
  for (const hidden of [os.tmpdir(), '/var/tmp']) run('mount', ['-o', 'remount,ro', path.join(image.root, hidden)]);
  const options = `uid=${uid},gid=${gid},mode=${(mode & 0o7777).toString(8)}`;
  run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', data]);
}

function proveNothingWritable(image) {
  const inShell = (script) => inside(image, ['/bin/sh', '-c', script]);
  inShell('test "$(id -un)" = sekoiaio-runtime');
  inShell('test -z "$(find /app -user "$(id -u)" -print -quit)"');
  inShell('! touch /app/x /tmp/x 2>/dev/null');
  inShell('touch /symphony_data/x && rm /symphony_data/x');
  said('sekoiaio-runtime owns nothing in /app, and can write to /symphony_data and nowhere else');
}

function proveConfigurationError(image) {
  const { status, stderr } = spawnSync(...processOf(image, [...image.entryPoint, COMMAND], { LIVENESS_PORT: '0' }));
  if (status !== 2 || !stderr.toString().includes('module_configuration'))
    fail(`unconfigured it left with ${status}: ${stderr}`);
  said('without a configuration the entry point leaves with 2 and says what is missing');
}

async function proveHealthCheck(image) {
  for (const [status, expected] of [
    [200, 0],
    [500, 1],
    [undefined, 1],
  ]) {
    const asked = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(status ?? 200).end('{}');
    });
    const port = await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
    if (status === undefined) server.close();
    const code = await ended(start(image, image.healthCheck, { LIVENESS_PORT: String(port) }));
    server.close();
    if (code !== expected || (status !== undefined && asked[0] !== '/health'))
      fail(`HEALTHCHECK left with ${code} at ${status}`);
  }
  said('HEALTHCHECK asks /health: 200 is healthy, 500 and silence are not');
}

/** The usual ones may be somebody else's on this machine. */
async function freePorts() {
  const servers = [createServer(), createServer(), createServer()];
  for (const server of servers) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const [LIVENESS_PORT, METRICS_PORT, WORKER_PROM_LISTEN_PORT] = servers.map((server) => String(server.address().port));
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return { LIVENESS_PORT, METRICS_PORT, WORKER_PROM_LISTEN_PORT };
}

async function proveDelivery(image) {
  const simulator = spawn(process.execPath, [
    path.join(repository, 'dist/harness/cli.js'),
    'simulate',
    '--events',
    '2000',
    '--live',
    '0',
    '--json',
  ]);
  let told = '';
  simulator.stdout.on('data', (text) => (told += text));
  const account = await until(() => (told.endsWith('}\n') ? JSON.parse(told) : undefined), 'the simulators');
  const ports = await freePorts();
  const connector = start(image, [...image.entryPoint, COMMAND], {
    ...ports,
    LISTEN_HOST: '127.0.0.1',
    MODULE_CONFIGURATION: JSON.stringify({ base_url: account.jumpcloudUrl, apikey: account.apiKey }),
    CONNECTOR_CONFIGURATION: JSON.stringify({ intake_key: account.intakeKey, start_from: '30d', frequency: 1 }),
    INTAKE_URL: account.intakeUrl,
  });
  let log = '';
  connector.stderr.on('data', (text) => (log += text));
  await until(
    () => (log.includes('The backfill is complete') ? true : undefined),
    'the connector',
    () => log,
  );
  const health = await fetch(`http://127.0.0.1:${ports.LIVENESS_PORT}/health`);
  if (health.status !== 200) fail(`GET /health of the running connector answers ${health.status}: ${log}`);
  const checked = await ended(start(image, image.healthCheck, ports));
  if (checked !== 0) fail(`HEALTHCHECK left with ${checked} beside the running connector: ${log}`);
  for (const port of [ports.METRICS_PORT, ports.WORKER_PROM_LISTEN_PORT]) {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    if (!metrics.includes('symphony_module_common_forwarded_events_total')) fail(`no metrics at ${port}: ${log}`);
  }
  const stopping = Date.now();
  connector.kill('SIGTERM');
  const code = await ended(connector);
  const seconds = ((Date.now() - stopping) / 1000).toFixed(1);
  if (code !== 0) fail(`it left with ${code} after SIGTERM: ${log}`);
  told = '';
  simulator.kill('SIGTERM');
  await ended(simulator);
  const { held, delivered, lost } = JSON.parse(told);
  if (lost !== 0) fail(`${lost} of ${held} events were lost: ${log}`);
  const { uid, mode } = fs.statSync(path.join(image.root, 'symphony_data/context.json'));
  if (uid !== 1000 || (mode & 0o077) !== 0) fail('the checkpoint can be read by others');
  said(
    `on a read-only root it delivers ${delivered} of ${held} events, and leaves with 0 in ${seconds} s after SIGTERM`,
  );
  said('as uid 1000 it answers /health with 200, HEALTHCHECK finds it healthy, and metrics are at both ports');
}

/** Here events are split before the first request over HTTP. */
async function proveStoredDelivery(image) {
  const count = 20_000;
  const data = path.join(image.root, 'symphony_data');
  const { uid, gid } = fs.statSync(data);
  for (const directory of ['stored', 'storage-state']) {
    fs.mkdirSync(path.join(data, directory));
    fs.chownSync(path.join(data, directory), uid, gid);
  }
  const filling = 'x'.repeat(300);
  const events = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ id: `event-${n}`, timestamp: '2030-01-02T03:04:05Z', service: 'sso', filling }),
  );
  fs.writeFileSync(path.join(data, 'stored/events.ndjson'), events.join('\n'));
  const received = new Set();
  const intake = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const { jsons } = JSON.parse(body.toString());
    for (const text of jsons) received.add(text);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ event_ids: jsons.map((_, n) => `${received.size}-${n}`) }));
  });
  const port = await new Promise((resolve) => intake.listen(0, '127.0.0.1', () => resolve(intake.address().port)));
  const connector = start(image, [...image.entryPoint, STORAGE_COMMAND], {
    ...(await freePorts()),
    LISTEN_HOST: '127.0.0.1',
    MODULE_CONFIGURATION: '{}',
    CONNECTOR_CONFIGURATION: JSON.stringify({ intake_key: 'synthetic-intake-key', path: '/symphony_data/stored' }),
    INTAKE_URL: `http://127.0.0.1:${port}`,
    DATA_PATH: '/symphony_data/storage-state',
  });
  let log = '';
  connector.stderr.on('data', (text) => (log += text));
  await until(
    () => (received.size === count || connector.exitCode !== null || connector.signalCode !== null ? true : undefined),
    'the storage connector',
    () => log,
  );
  connector.kill('SIGTERM');
  const code = connector.signalCode ?? (await ended(connector));
  intake.close();
  if (code !== 0 || events.some((text) => !received.has(text)))
    fail(`the storage connector left with ${code} after ${received.size} events: ${log}`);
  said(`it delivers ${count} stored events`);
}

function tellSizes(image) {
  const size = (directory) => execFileSync('du', ['--summarize', '--bytes', path.join(image.root, 'app', directory)]);
  const megabytes = (directory) => (Number(size(directory).toString().split('\t')[0]) / 1e6).toFixed(1);
  console.log(
    `   /app: ${megabytes('')} MB, of it node_modules ${megabytes('node_modules')} and dist ${megabytes('dist')}`,
  );
}

// Processes

/** As Docker starts them: no capability, no way to get one, the environment of the image and nothing of ours. */
function processOf({ root, user, environment, directory }, command, more = {}) {
  const who = user === 'root' ? [] : ['--userspec', `${user}:${user}`];
  const variables = Object.entries({ PATH, HOME: user === 'root' ? '/root' : '/', ...environment, ...more });
  const env = ['env', '-i', '-C', directory, ...variables.map(([name, value]) => `${name}=${value}`)];
  const privileges = user === 'root' ? [] : ['setpriv', '--no-new-privs'];
  const [file, ...args] = [...privileges, 'chroot', ...who, root, ...env, ...command];
  return [file, args, { stdio: ['ignore', 'pipe', 'pipe'] }];
}

function inside(stage, command, user = stage.user) {
  const { status, stdout, stderr } = spawnSync(...processOf({ ...stage, user }, command));
  if (status !== 0) fail(`${command.join(' ')} left with ${status}: ${stdout}${stderr}`);
}

function start(image, command, environment) {
  return spawn(...processOf(image, command, environment));
}

function ended(child) {
  if (child.exitCode !== null) return child.exitCode;
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

async function until(look, what, explain = () => '') {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return fail(`nothing came of ${what} within a minute: ${explain()}`);
}

function run(file, args, options = {}) {
  try {
    return execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  } catch (error) {
    return fail(`${file} ${args.join(' ')}: ${error.stdout ?? ''}${error.stderr ?? error.message}`);
  }
}

function said(what) {
  console.log(`ok ${what}`);
}

function fail(why) {
  console.error(`The image is not proven: ${why}`);
  process.exit(1);
}
