import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { ModuleError, readEvents, type SourceSimulator } from 'sekoia-jumpcloud-directory-insights/sdk';

import { oktaSystemLog } from './connector.js';
import { startSimulator } from './simulator.js';

const DAY_MS = 86_400_000;

void test('every event of a window is read once, in order, over several pages and a refusal for now', async () => {
  await withSimulator(async (simulator) => {
    const texts = await readEvents(oktaSystemLog, configurationFor(simulator), lastDays(2));
    assert.deepEqual(texts, [...simulator.shown()]);
    assert.equal(texts.length, 450);
  });
});

void test('a wrong token is told as such, and not hammered', async () => {
  await withSimulator(async (simulator) => {
    const configuration = configurationFor(simulator, { api_token: 'wrong' });
    await assert.rejects(
      readEvents(oktaSystemLog, configuration, lastDays(2)),
      (error) => error instanceof ModuleError && error.code === 'SOURCE_CREDENTIAL_REFUSED',
    );
  });
});

void test('the account of the demo balances: through faults and a restart, each event is delivered exactly once', async () => {
  const args = [await runnerPath(), 'demo', '--events', '500', '--seconds', '1', '--json'];
  const directory = path.join(import.meta.dirname, '..');
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const account = JSON.parse(output) as { held: number; balanced: boolean };
  assert.ok(account.balanced, output);
  assert.ok(account.held >= 500, output);
});

async function withSimulator(use: (simulator: SourceSimulator) => Promise<void>): Promise<void> {
  const simulator = await startSimulator({ events: 450, days: 1, liveEventsPerSecond: 0, seed: 1 });
  try {
    await use(simulator);
  } finally {
    await simulator.close();
  }
}

function configurationFor({ account }: SourceSimulator, changes: object = {}) {
  return {
    module: { ...account, ...changes },
    arguments: { intake_key: 'unused', intake_server: 'http://127.0.0.1:9', page_size: 100, requests_per_second: 100 },
  };
}

function lastDays(days: number): { fromMs: number; toMs: number } {
  const nowMs = Date.now();
  return { fromMs: nowMs - days * DAY_MS, toMs: nowMs };
}

async function runnerPath(): Promise<string> {
  const file = createRequire(import.meta.url).resolve('sekoia-jumpcloud-directory-insights/package.json');
  const { bin } = JSON.parse(await readFile(file, 'utf8')) as { bin: Record<string, string> };
  return path.join(path.dirname(file), bin['sekoia-module'] ?? '');
}
