import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';

import { runItemTask, type ItemProgram } from '../../src/simulators/sekoia/platform/item-process.js';
import { freePorts } from '../../src/simulators/sekoia/platform/mount.js';
import { supervise, type Supervisor, type SupervisorRules } from '../../src/simulators/sekoia/platform/supervisor.js';

const RULES = {
  graceMs: 2_000,
  probeEveryMs: 40,
  probeTimeoutMs: 250,
  failedProbes: 2,
  startupMs: 20_000,
  restartAfterMs: 20,
};
const running: Supervisor[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((supervisor) => supervisor.stop('asked')));
});

/** A program in a few lines: `health(n)` is its answer to the n-th probe. */
const program = (script: string, port = 0): ItemProgram => ({
  argv: [process.execPath, '--input-type=module', '--eval', script],
  workingDirectory: '/',
  environment: { PORT: String(port) },
});

const serving = (health: string, more = ''): string => `
  import { createServer } from 'node:http';
  const health = ${health};
  let n = 0;
  createServer(({ url }, response) => {
    response.writeHead(url === '/health' ? health(++n) : 404).end();
  }).listen(Number(process.env.PORT), '127.0.0.1');
  ${more}`;

async function start(script: string, rules: Partial<SupervisorRules> = {}): Promise<Supervisor> {
  const [port = 0] = await freePorts(1);
  const supervisor = supervise(program(script, port), { livenessPort: port, rules: { ...RULES, ...rules } });
  running.push(supervisor);
  return supervisor;
}

const kindsOf = ({ history }: Supervisor): string[] => history.map(({ kind }) => kind);

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come to that');
    await wait(10);
  }
}

const times = (supervisor: Supervisor, kind: string): number =>
  kindsOf(supervisor).filter((one) => one === kind).length;

describe('a supervised process', () => {
  it('is left alone while it is alive, and stopped by SIGTERM', async () => {
    const script = serving('() => 200', "process.on('SIGTERM', () => { console.log('bye'); process.exit(7); });");
    const supervisor = await start(script);
    await until(() => times(supervisor, 'alive') === 1);
    await wait(200);
    expect(await supervisor.stop('asked')).toMatchObject({ code: 7, signal: null, killed: false });
    expect(kindsOf(supervisor)).toEqual(['started', 'alive', 'stopping', 'ended']);
    expect(supervisor.output).toBe('bye\n');
  });

  it('is started anew once it has answered 500 too often in a row', async () => {
    const supervisor = await start(serving('(n) => (n === 2 || n > 3 ? 500 : 200)'));
    await until(() => times(supervisor, 'started') === 2);
    expect(supervisor.history.slice(0, 7)).toMatchObject([
      { kind: 'started' },
      { kind: 'alive' },
      { kind: 'probe-failed', answer: 500 },
      { kind: 'probe-failed', answer: 500 },
      { kind: 'probe-failed', answer: 500 },
      { kind: 'stopping', why: 'unhealthy' },
      { kind: 'ended', killed: false },
    ]);
  });

  it('is killed after the grace period and started anew when it is frozen', async () => {
    const supervisor = await start(serving('() => 200'), { graceMs: 200 });
    await until(() => times(supervisor, 'alive') === 1);
    const { pid } = supervisor;
    process.kill(pid, 'SIGSTOP');
    await until(() => times(supervisor, 'alive') === 2);
    expect(supervisor.history).toContainEqual(expect.objectContaining({ kind: 'probe-failed', answer: 'no answer' }));
    expect(supervisor.history).toContainEqual(
      expect.objectContaining({ kind: 'ended', signal: 'SIGKILL', killed: true }),
    );
    expect(supervisor.pid).not.toBe(pid);
  });

  it('may take its time to start, but not for ever', async () => {
    const silent = 'setInterval(() => undefined, 1000)';
    const patient = await start(silent);
    const impatient = await start(silent, { startupMs: 100 });
    await until(() => times(impatient, 'started') === 2);
    expect(kindsOf(patient)).toEqual(['started']);
  });

  it('is started again when it ends by itself', async () => {
    const supervisor = await start('process.exit(3)');
    await until(() => times(supervisor, 'started') === 3);
    expect(supervisor.history[1]).toMatchObject({ kind: 'ended', code: 3 });
    await supervisor.stop('critical');
    expect(times(supervisor, 'started')).toBeLessThan(6);
  });

  it('is stopped once, whoever asks for it', async () => {
    const supervisor = await start(serving('() => 200'));
    await until(() => times(supervisor, 'alive') === 1);
    await Promise.all([supervisor.stop('critical'), supervisor.stop('asked')]);
    expect(supervisor.history.at(-2)).toMatchObject({ kind: 'stopping', why: 'critical' });
    expect(await supervisor.ended).toMatchObject({ signal: 'SIGTERM' });
  });
});

describe('a task', () => {
  it('is waited for, and killed when it takes too long', async () => {
    const task = program("console.log('done'); process.exitCode = 4;");
    expect(await runItemTask(task, 20_000)).toEqual({ code: 4, signal: null, output: 'done\n', inTime: true });
    const endless = program("process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)");
    expect(await runItemTask(endless, 500)).toMatchObject({ inTime: false, signal: expect.stringMatching(/^SIG/) });
  });
});
