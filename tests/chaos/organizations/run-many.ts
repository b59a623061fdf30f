import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { Account } from '../../../src/simulators/account.js';
import type { Fault } from '../../../src/simulators/faults/fault-scenario.js';
import { type Simulators, startSimulators } from '../../../src/simulators/serve.js';
import type { Undo } from '../undo.js';
import { freePort } from '../../support/free-port.js';
import { lagsOf, type Lags, scrape } from './scrape.js';

const SAMPLE_EVERY_MS = 5_000;
/** Beside the cycle: an event's way, the sample and the clocks' whole seconds. */
const LAG_TOLERANCE_SECONDS = 10;
/** A request is tried again for half a minute before its cycle has failed. */
const LEAST_TROUBLE_SECONDS = 75;
/** Organizations where something happens; in the others nothing does. */
const ACTIVE_SHARE = 0.1;

export interface ManyOptions {
  readonly organizations: number;
  readonly frequencySeconds: number;
  readonly requestsPerSecond: number;
  /** Of all organizations together. */
  readonly eventsPerSecond: number;
  /** How many cycles each part takes. */
  readonly cycles: number;
  readonly memoryBoundBytes: number;
}

export interface ManyOutcome {
  readonly streams: number;
  readonly cycleSeconds: number;
  readonly well: Lags;
  /** Of those that do not fail. */
  readonly sick: Lags;
  readonly failing: number;
  readonly requestsPerSecond: number;
  readonly mostRequestsInASecond: number;
  readonly settledBytes: number;
  readonly mostBytes: number;
  readonly processorSecondsAMinute: number;
  readonly account: Account;
}

/** The built connector with many organizations, well at first, then with three that fail, then well again. */
export async function runMany(
  options: ManyOptions,
  { undo, tell }: { readonly undo: Undo; readonly tell: (line: string) => void },
): Promise<ManyOutcome> {
  const ids = Array.from({ length: options.organizations }, (_, index) => idOf(index));
  const sick = ids.slice(0, 3);
  const cycleSeconds = cycleOf(options, ids.length + 1);
  const partMs = cycleSeconds * options.cycles * 1000;
  // All have begun after a cycle, and are well for a part.
  const sickFrom = cycleSeconds + partMs / 1000;
  const sickTo = sickFrom + Math.max(partMs / 1000 + cycleSeconds, LEAST_TROUBLE_SECONDS);
  const simulators = await simulate(ids, options, faultsOf(sick, sickFrom, sickTo));
  undo.add(() => void simulators.close());
  const directory = mkdtempSync(join(tmpdir(), 'organizations-'));
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      ...['dist/harness/cli.js', 'run', '--playbook', writePlaybook(directory, ids, { options, simulators })],
      ...['--metrics-port', String(port)],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  undo.add(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  const pid = child.pid ?? 0;

  const memory = { most: 0 };
  const watch = async (untilMs: number, skip: readonly string[]): Promise<Lags> => {
    let [sum, count, worstLag] = [0, 0, 0];
    while (performance.now() < untilMs) {
      await wait(SAMPLE_EVERY_MS);
      if (child.exitCode !== null) throw new Error(`The connector ended:\n${said}`);
      memory.most = Math.max(memory.most, residentBytes(pid));
      const lags = lagsOf(await scrape(port), skip);
      [sum, count, worstLag] = [sum + lags.meanLag, count + 1, Math.max(worstLag, lags.worstLag)];
    }
    return { meanLag: sum / count, worstLag };
  };

  const startedAt = performance.now();
  const at = (seconds: number): number => startedAt + seconds * 1000;
  tell(`${ids.length + 1} streams begin, spread over ${cycleSeconds.toFixed(0)} s`);
  await watch(at(cycleSeconds), []);
  const settledBytes = residentBytes(pid);
  tell(`all have begun, ${(settledBytes / 1e6).toFixed(0)} MB`);
  const [requestsBefore, secondsBefore] = [simulators.jumpcloud.stats.requests, processorSeconds(pid)];
  const well = await watch(at(sickFrom), []);
  const partSeconds = partMs / 1000;
  const requestsPerSecond = (simulators.jumpcloud.stats.requests - requestsBefore) / partSeconds;
  const processorSecondsAMinute = ((processorSeconds(pid) - secondsBefore) / partSeconds) * 60;
  tell(`three begin to fail; the others' worst lag so far ${well.worstLag.toFixed(1)} s`);
  const names = sick.map((id) => `…${id.slice(-4)}`);
  const lagsWithSick = await watch(at(sickTo), names);
  const failing = lagsOf(await scrape(port), []).failing ?? 0;
  tell(
    `${failing} are shown as failing; the others' worst lag ${lagsWithSick.worstLag.toFixed(1)} s; now they recover`,
  );
  simulators.endLiveEvents();
  for (let tries = 0; tries < 120 && simulators.account().lost > 0; tries += 1) await wait(SAMPLE_EVERY_MS);
  memory.most = Math.max(memory.most, residentBytes(pid));
  child.kill('SIGTERM');
  await ended;
  return {
    ...{ streams: ids.length + 1, cycleSeconds, well, sick: lagsWithSick, failing },
    ...{ requestsPerSecond, settledBytes, mostBytes: memory.most, processorSecondsAMinute },
    mostRequestsInASecond: simulators.jumpcloud.stats.maxPerSecond,
    account: simulators.account(),
  };
}

/** What was not as it must be. */
export function findingsOf(outcome: ManyOutcome, options: ManyOptions): string[] {
  const { well, sick, account, cycleSeconds } = outcome;
  const longest = cycleSeconds + LAG_TOLERANCE_SECONDS;
  const held: readonly (readonly [boolean, string])[] = [
    [well.worstLag <= longest, `lag up to ${well.worstLag.toFixed(1)} s while all were well`],
    [sick.worstLag <= longest, `lag of the others up to ${sick.worstLag.toFixed(1)} s while three failed`],
    [outcome.failing === 3, `${outcome.failing} were shown as failing, not three`],
    [outcome.mostBytes <= options.memoryBoundBytes, `${(outcome.mostBytes / 1e6).toFixed(0)} MB resident`],
    // A limit over any second may put two seconds' worth into one of the calendar.
    [
      outcome.mostRequestsInASecond <= options.requestsPerSecond + 1,
      `${outcome.mostRequestsInASecond} requests in a second`,
    ],
    [account.held > 0 && account.lost === 0, `${account.lost} of ${account.held} events lost`],
    [account.duplicated === 0, `${account.duplicated} events delivered twice`],
    [account.unknown === 0, `${account.unknown} events that the API does not have`],
  ];
  return held.filter(([isHeld]) => !isHeld).map(([, text]) => text);
}

function idOf(index: number): string {
  return (0x5f_00_00_00 + index * 7919).toString(16).padStart(24, 'a');
}

/** As `stretchOf` of the connector has it, by its documentation: a page a cycle, a count in 5 minutes, four fifths of the limit. */
function cycleOf({ frequencySeconds, requestsPerSecond }: ManyOptions, streams: number): number {
  const needed = streams * (1 / frequencySeconds + 1 / 300);
  return frequencySeconds * Math.max(1, needed / (requestsPerSecond * 0.8));
}

/** Three ways to fail: the role, the API itself, the key of the intake. */
function faultsOf([a = '', b = '', c = '']: readonly string[], from: number, to: number): Fault[] {
  const times = { from_seconds: from, to_seconds: to };
  return [
    {
      name: 'role',
      side: 'jumpcloud',
      when: { organizations: [a], ...times },
      effect: { kind: 'status', status: 403 },
    },
    { name: 'API', side: 'jumpcloud', when: { organizations: [b], ...times }, effect: { kind: 'status', status: 500 } },
    {
      name: 'intake key',
      side: 'sekoia',
      when: { event_text_contains: c, ...times },
      effect: { kind: 'status', status: 403 },
    },
  ];
}

function simulate(ids: readonly string[], options: ManyOptions, faults: Fault[]): Promise<Simulators> {
  const active = ids.slice(0, Math.max(4, Math.ceil(ids.length * ACTIVE_SHARE)));
  return startSimulators({
    liveEventsPerSecond: options.eventsPerSecond,
    generator: { organizations: [...active, null], futureShare: 0 },
    jumpcloud: { apiKeys: [{ key: 'synthetic-api-key-for-tests', multiTenant: true, organizations: ids }] },
    latencyMs: { jumpcloud: 50, sekoia: 20 },
    scenario: { version: 1, faults },
  });
}

function writePlaybook(
  directory: string,
  ids: readonly string[],
  { options, simulators }: { readonly options: ManyOptions; readonly simulators: Simulators },
): string {
  const path = join(directory, 'playbook.json');
  const playbook = {
    trigger: 'JumpcloudDirectoryInsightsConnector',
    account: { base_url: simulators.jumpcloudUrl, apikey: simulators.apiKey },
    arguments: {
      ...{ intake_server: simulators.intakeUrl, intake_key: simulators.intakeKey },
      ...{ organizations: ids, provider_id: 'synthetic-provider' },
      ...{ frequency: options.frequencySeconds, requests_per_second: options.requestsPerSecond },
      start_from: new Date(Date.now() - 1000).toISOString(),
    },
    data_path: join(directory, 'state'),
  };
  writeFileSync(path, JSON.stringify(playbook));
  return path;
}

function residentBytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** User and system time, of the hundredths of a second that Linux counts. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
