import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import { createLocalDirectory } from '../../src/sdk/storage/local-directory.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvent, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeHarness } from '../support/fake-harness.js';
import { ManualClock } from '../support/manual-clock.js';
import type { SyntheticEvent } from '../../src/simulators/events/synthetic-event.js';

const HOUR_MS = 3_600_000;
const DATA_PATH = '/work/data';
const FAILURES = { and: [{ success: 'false' }] };
const SUCCESSES = { and: [{ success: 'true' }] };

function signIn(id: string, atMs: number, success: boolean, visibleAtMs = atMs): SyntheticEvent {
  const { text, ...event } = apiEvent(id, atMs, { visibleAtMs });
  return { ...event, text: text.replace('}', `,"success":${success}}`) };
}

function bench() {
  const clock = new ManualClock({ autoAdvance: true });
  const made = fakeHarness({ triggers });
  const world = new ConnectorWorld({ clock, storage: createLocalDirectory(DATA_PATH, made.fileSystem) });
  const run = (searchTerm?: unknown) =>
    world.run({
      arguments: {
        start_from: '3d',
        settling_horizon: '2h',
        ...(searchTerm !== undefined && { search_term: searchTerm }),
      },
    });
  /** A command, with the filter of the playbook. */
  const command = async (searchTerm: unknown, ...args: readonly string[]) => {
    const environment = {
      MODULE_CONFIGURATION: JSON.stringify({ base_url: `https://${API_HOST}/`, apikey: SYNTHETIC_API_KEY }),
      CONNECTOR_CONFIGURATION: JSON.stringify({
        ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: `https://${INTAKE_HOST}`, settling_horizon: '2h' },
        search_term: searchTerm,
      }),
      DATA_PATH,
    };
    const openTransport = () => ({ ...world.transport, close: async () => undefined });
    const harness = Object.assign(fakeHarness({ triggers, environment }), {
      ...{ clock, openTransport, fileSystem: made.fileSystem },
    });
    const code = await runProgram(args, harness);
    return { code, out: harness.stdout.text, err: harness.stderr.text };
  };
  const delivered = (): string[] => world.intake.received.texts.map((text) => (JSON.parse(text) as { id: string }).id);
  return { world, clock, run, command, delivered };
}

describe('a filtered collection', () => {
  it('delivers what passes and nothing else, late events too, and is proven by counts', async () => {
    const { world, clock, run, command, delivered } = bench();
    const nowMs = clock.now();
    const events = Array.from({ length: 200 }, (_, n) =>
      signIn(`e${n}`, nowMs - 40 * HOUR_MS + n * 600_000, n % 3 === 0),
    );
    const late = [true, false].map((success) =>
      signIn(`late-${success}`, nowMs - HOUR_MS + 1234, success, nowMs + 1_200_000),
    );
    world.add(...events, ...late);
    await run(JSON.stringify(FAILURES)).ended;
    await clock.advance(HOUR_MS);
    const second = run(FAILURES);
    await second.ended;
    // The same filter, whether as text or as object.
    expect(second.log.lines.filter(({ message }) => message.includes('The stream was'))).toEqual([]);
    const wanted = events.filter((_, n) => n % 3 !== 0).map(({ id }) => id);
    expect(delivered().sort()).toEqual([...wanted, 'late-false'].sort());
    for (const { body } of second.requests.filter(({ url }) => url.includes('/events'))) {
      const asked = JSON.parse(Buffer.from(body ?? '').toString()) as { search_term?: unknown };
      expect(asked.search_term).toEqual(FAILURES);
    }
    const { code, out } = await command(FAILURES, 'audit', '--from', '30h', '--by', 'hour', '--json');
    const { missing, rows } = JSON.parse(out) as { missing: number; rows: { verdict: string; source: number }[] };
    expect({ code, missing }).toEqual({ code: 0, missing: 0 });
    expect(rows.filter(({ verdict }) => verdict === 'proven').length).toBeGreaterThan(20);
  }, 60_000);

  it('counts anew once the filter is changed: nothing of the other one proves anything, and a backfill reads it all', async () => {
    const { world, clock, run, command, delivered } = bench();
    const nowMs = clock.now();
    // As many successes as failures: their counts would agree.
    const events = Array.from({ length: 200 }, (_, n) =>
      signIn(`e${n}`, nowMs - 40 * HOUR_MS + n * 600_000, n % 2 === 0),
    );
    world.add(...events);
    await run(FAILURES).ended;
    await clock.advance(HOUR_MS);
    const changed = run(SUCCESSES);
    await changed.ended;
    expect(changed.log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('The stream was'));
    const audited = await command(SUCCESSES, 'audit', '--from', '30h', '--by', 'hour', '--json');
    const { rows } = JSON.parse(audited.out) as { rows: { verdict: string; to: string }[] };
    const before = rows.filter(({ to }) => Date.parse(to) < nowMs - HOUR_MS);
    expect(before.length).toBeGreaterThan(20);
    expect(new Set(before.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']));
    await command(SUCCESSES, 'backfill', '--from', '39h', '--yes');
    await run(SUCCESSES).ended;
    const all = delivered();
    expect(new Set(all).size).toBe(all.length);
    const wanted = events.filter(({ timestampMs }) => timestampMs >= nowMs - 37 * HOUR_MS).map(({ id }) => id);
    expect(wanted.filter((id) => !all.includes(id))).toEqual([]);
    // What was read anew is proven for what is selected now.
    const again = await command(SUCCESSES, 'audit', '--from', '30h', '--by', 'hour', '--json');
    const verdicts = (JSON.parse(again.out) as typeof audited & { rows: { verdict: string }[] }).rows;
    expect(verdicts.filter(({ verdict }) => verdict === 'proven').length).toBeGreaterThan(15);
  }, 60_000);
});
