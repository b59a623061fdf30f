/**
 * Proves that the Storage Connector finds and delivers every event of a large bucket once: lists and reads it, then rewrites
 * some objects and adds late ones that sort before all others, and reads it again. The object storage is Ceph, read by a role
 * that is taken on, or OpenStack Swift, all of it on this machine, or one in the memory of this process.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Argument } from 'commander';

import { startSimulators } from '../../src/simulators/serve.js';
import { startProgram } from '../support/built-program.js';
import { NO_PORTS } from '../support/connector-environment.js';
import { openS3Library, type S3Access } from '../support/s3-access.js';
import { startScriptedS3 } from '../support/scripted-s3.js';
import { startCeph } from '../support/start-ceph.js';
import { startSwift } from '../support/start-swift.js';
import { script, whole } from './flags.js';

const EVENTS_EACH = 5;
const AT_ONCE = 64;
const CHANGED = 100;
const STEP_MS = 60_000;
const FIRST_MS = Date.UTC(2030, 0, 1);

const STORAGES = ['memory', 'ceph', 'swift'];
const EXAMPLES = `
Examples:
  npm run prove:objects -- 10000
  npm run prove:objects -- 3000 ceph

Leaves with 0 where every event came once, 1 where one did not, 2 where a flag is wrong.`;

const { processedArgs } = script('prove:objects', 'The Storage Connector delivers every event of a large bucket once')
  .addArgument(new Argument('[objects]', 'how many').argParser(whole).default(100_000))
  .addArgument(new Argument('[storage]', 'where they are').choices(STORAGES).default('memory'))
  .addHelpText('after', EXAMPLES)
  .parse();
const [objects, storageName] = processedArgs as [number, string];
const storage = await openStorage(storageName);
const simulators = await startSimulators({ events: 1 });
const directory = await mkdtemp(join(tmpdir(), 'sekoia-objects-'));
let failures = 0;

try {
  await timed(`${objects} objects written`, () =>
    putAll(Array.from({ length: objects }, (_, n) => [nameOf(n), textOf(n)])),
  );
  // The last event of each object is the first of the next: exports of windows that touch repeat events.
  await collect('the first run', objects * (EVENTS_EACH - 1) + 1);
  await collect('a run without news', objects * (EVENTS_EACH - 1) + 1);
  const rewritten = Array.from({ length: CHANGED }, (_, n): [string, string] => {
    const at = Math.floor((n * objects) / CHANGED);
    return [nameOf(at), `${textOf(at)}${eventOf(`new-${at}`, at)}\n`];
  });
  const late = Array.from({ length: CHANGED }, (_, n): [string, string] => [
    `0-late-${n}`,
    `${eventOf(`late-${n}`, n)}\n`,
  ]);
  await putAll([...rewritten, ...late]);
  await collect(`${CHANGED} objects rewritten and ${CHANGED} late`, objects * (EVENTS_EACH - 1) + 1 + 2 * CHANGED);
} finally {
  await storage.stop();
  await simulators.close();
  await rm(directory, { recursive: true });
}
process.exit(failures > 0 ? 1 : 0);

async function collect(name: string, expected: number): Promise<void> {
  await timed(name, async () => {
    const { endpoint, bucket, region, reader } = storage;
    const settings = {
      intake_key: simulators.intakeKey,
      intake_server: simulators.intakeUrl,
      ...{ bucket, endpoint, region, ...reader },
    };
    const requestsBefore = await storage.requests?.();
    const program = startProgram(
      'harness/cli.js',
      ['run', 'JumpcloudDirectoryInsightsStorageConnector', '--once', '--data-path', directory],
      // Of a storage with roles, the same address gives them.
      { CONNECTOR_CONFIGURATION: JSON.stringify(settings), AWS_ENDPOINT_URL_STS: endpoint, ...NO_PORTS },
    );
    let peakKb = 0;
    const watch = setInterval(() => (peakKb = Math.max(peakKb, peakOf(program.child.pid))), 200);
    const { code, output } = await program.ended;
    clearInterval(watch);
    const { events, distinct } = simulators.sekoia.received;
    const isRight = code === 0 && events === expected && distinct === expected;
    failures += isRight ? 0 : 1;
    if (!isRight) console.log(output.slice(-2000));
    console.log(
      `${isRight ? 'ok  ' : 'FAIL'} ${name}: ${events} events at the intake, ${distinct} of them distinct, ${expected} expected; ` +
        `resident memory ${Math.round(peakKb / 1024)} MB at the most` +
        (requestsBefore === undefined ? '' : `; ${((await storage.requests?.()) ?? 0) - requestsBefore} requests`),
    );
  });
}

function peakOf(pid = 0): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

interface Storage {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** The connector's settings for whoever reads. */
  readonly reader: Readonly<Record<string, string>>;
  put(key: string, text: string): void | Promise<void>;
  /** How many it has served so far, where it counts them. */
  requests?(): number | Promise<number>;
  stop(): Promise<void>;
}

async function openStorage(name: string): Promise<Storage> {
  const readerOf = ({ accessKeyId, secretAccessKey }: Pick<S3Access, 'accessKeyId' | 'secretAccessKey'>) => ({
    ...{ access_key_id: accessKeyId, secret_access_key: secretAccessKey },
  });
  if (name === 'memory') {
    const server = await startScriptedS3();
    return { ...server, reader: readerOf(server), requests: () => server.requests.length, stop: () => server.close() };
  }
  if (name === 'ceph') {
    const ceph = await startCeph();
    return { ...ceph, put: await writerTo(ceph), reader: { ...readerOf(ceph.guest), role_arn: ceph.guest.roleArn } };
  }
  const swift = await startSwift();
  return { ...swift, put: await writerTo(swift), reader: readerOf(swift) };
}

async function writerTo(access: S3Access): Promise<Storage['put']> {
  const library = await openS3Library(access);
  return (key, text) => library.put(key, text);
}

async function putAll(all: readonly [string, string][]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = all[next++]; item !== undefined; item = all[next++]) await storage.put(...item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function timed(name: string, act: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await act();
  console.log(`     ${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

function nameOf(n: number): string {
  return `jc_directoryinsights_sso_${String(n).padStart(7, '0')}.ndjson`;
}

function textOf(n: number): string {
  return Array.from({ length: EVENTS_EACH }, (_, k) => {
    const event = n * (EVENTS_EACH - 1) + k;
    return `${eventOf(`event-${event}`, event)}\n`;
  }).join('');
}

function eventOf(id: string, n: number): string {
  return JSON.stringify({
    id,
    timestamp: new Date(FIRST_MS + n * STEP_MS).toISOString(),
    service: 'sso',
    event_type: 'sso_auth',
  });
}
