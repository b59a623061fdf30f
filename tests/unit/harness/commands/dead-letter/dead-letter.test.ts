import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../../../../src/harness/program.js';
import type { HarnessWorld } from '../../../../../src/harness/world.js';
import { DeadLetter } from '../../../../../src/sdk/dead-letter/dead-letter.js';
import type { DeadLetterEntry } from '../../../../../src/sdk/dead-letter/dead-letter-record.js';
import { abortError, ModuleError } from '../../../../../src/sdk/errors.js';
import { createLocalDirectory } from '../../../../../src/sdk/storage/local-directory.js';
import type { DestinationContext } from '../../../../../src/sdk/trigger.js';
import { type FakeHarness, fakeHarness } from '../../../../support/fake-harness.js';
import { deadLetters } from '../../../../support/pump-rig.js';
import { ACKNOWLEDGED, RecordingDestination, unsettled } from '../../../../support/recording-destination.js';
import { scriptedTrigger } from '../../../../support/scripted-trigger.js';

const DATA_PATH = '/work/.sekoia-module/ScriptedTrigger';
const SECRET = 'open-sesame';
const environment = { MODULE_CONFIGURATION: JSON.stringify({ key: SECRET }) };

const LOGIN: DeadLetterEntry = {
  kind: 'refused',
  id: 'abc',
  reason: 'status 400: cannot be parsed',
  event: Buffer.from('{"id":"abc","event_type":"login"}'),
  batch: 'run-1',
};
const LARGE: DeadLetterEntry = {
  kind: 'oversized',
  id: '77',
  reason: 'its 2000 bytes exceed\u001b[31m\nwhat',
  event: Buffer.from([0x7b, 0xff, 0x7d]),
  delivered: 'trimmed',
};

interface Given {
  readonly entries?: readonly DeadLetterEntry[];
  readonly destination?: (context: DestinationContext) => RecordingDestination;
  readonly ask?: HarnessWorld['ask'];
  readonly terminal?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

/** A machine on which a run left these entries, half an hour apart. */
async function machine(given: Given = {}): Promise<FakeHarness> {
  const { entries = [LOGIN, LARGE], destination, ask, terminal = false, files } = given;
  const triggers = [scriptedTrigger(destination && { destination })];
  const world = fakeHarness({ environment, triggers, terminal, ...(ask && { ask }), ...(files && { files }) });
  const deadLetter = new DeadLetter(storageOf(world), world.clock);
  for (const entry of entries) {
    await deadLetter.write([entry]);
    await world.clock.advance(1_800_000);
  }
  return world;
}

function storageOf(world: FakeHarness) {
  return createLocalDirectory(DATA_PATH, world.fileSystem);
}

function run(world: FakeHarness, ...args: string[]): Promise<number> {
  return runProgram(['dead-letter', ...args], world);
}

describe('the help of dead-letter', () => {
  it.each([['list'], ['show'], ['replay'], ['purge']])('%s has examples and exit codes', async (command) => {
    const world = await machine();
    expect(await run(world, command, '--help')).toBe(0);
    expect(world.stdout.text).toMatch(/Examples:\n {2}\$ sekoia-module dead-letter/);
    expect(world.stdout.text).toMatch(/Exit codes:\n {2}0 +\w/);
  });
});

describe('dead-letter list', () => {
  it('shows a line for each entry, and obeys no control character of it', async () => {
    const world = await machine();
    expect(await run(world, 'list')).toBe(0);
    expect(world.stdout.lines).toEqual([
      'number  time                  kind                event_type  id   bytes  reason',
      '1       2030-01-02T03:04:05Z  refused             login       abc  33     status 400: cannot be parsed',
      '2       2030-01-02T03:34:05Z  oversized, trimmed  -           77   3      its 2000 bytes exceed\\u001b[31m what',
    ]);
    expect(world.stderr.text).toBe('');
  });

  it('has a bold heading on a terminal only', async () => {
    const terminal = await machine({ terminal: true });
    await run(terminal, 'list');
    expect(terminal.stdout.lines[0]).toContain('\u001b[1mnumber');
  });

  it.each([
    [['--reason', 'CANNOT'], ['abc']],
    [['--kind', 'oversized'], ['77']],
    [['--since', '40m'], ['77']],
    [
      ['--since', '2030-01-02T03:00:00Z'],
      ['abc', '77'],
    ],
    [['--before', '2030-01-02T03:34:05Z'], ['abc']],
    [['--id', 'abc'], ['abc']],
    [['--id', 'abc', '--kind', 'oversized'], []],
  ])('shows with %j the entries %j', async (flags, expected) => {
    const world = await machine();
    expect(await run(world, 'list', '--json', ...flags)).toBe(0);
    const { entries } = JSON.parse(world.stdout.text) as { entries: { id: string }[] };
    expect(entries.map(({ id }) => id)).toEqual(expected);
  });

  it.each([
    ['--since', 'yesterday'],
    ['--kind', 'large'],
  ])('refuses %s %s', async (...flags) => {
    expect(await run(await machine(), 'list', ...flags)).toBe(2);
  });

  it('shortens a long text, so that the columns after it stay in sight', async () => {
    const event = Buffer.from(`{"id":"abc","event_type":"${'long_'.repeat(100)}"}`);
    const world = await machine({ entries: [{ ...LOGIN, event }, LARGE] });
    await run(world, 'list');
    const [heading = '', long = '', short = ''] = world.stdout.lines;
    expect(long).toContain(`${'long_'.repeat(8).slice(0, 39)}…  abc`);
    const reasonAt = heading.indexOf('reason');
    expect(reasonAt).toBeLessThan(120);
    expect([long, short].map((line) => line.slice(reasonAt, reasonAt + 3))).toEqual(['sta', 'its']);
  });

  it('gives machines everything but the events', async () => {
    const world = await machine({ entries: [LOGIN] });
    await run(world, 'list', '--json');
    expect(JSON.parse(world.stdout.text)).toEqual({
      entries: [
        {
          number: 1,
          file: 'dead-letter/00000001.ndjson',
          time: '2030-01-02T03:04:05Z',
          reason: LOGIN.reason,
          kind: 'refused',
          id: 'abc',
          event_type: 'login',
          bytes: 33,
          batch: 'run-1',
        },
      ],
      damaged: [],
    });
  });

  it('tells a damaged line and shows the others', async () => {
    const files = { [`${DATA_PATH}/dead-letter/00000001.ndjson`]: '{"torn' };
    const world = await machine({ entries: [LOGIN], files });
    expect(await run(world, 'list')).toBe(0);
    expect(world.stdout.text).toContain('abc');
    expect(world.stderr.text).toMatch(/Warning: dead-letter\/00000001\.ndjson, line 1: 6 bytes cannot be read/);
    await run(world, 'list', '--json');
    expect(world.stdout.text).toContain('"line": 1');
  });

  it('works beside a connector, and says where there is nothing', async () => {
    const world = await machine({ entries: [] });
    const lock = await world.fileSystem.tryLock(`${DATA_PATH}/.lock`);
    expect(lock).toBeDefined();
    expect(await run(world, 'list')).toBe(0);
    expect(world.stderr.text).toBe('No such entry in the dead letter.\n');
  });
});

describe('dead-letter show', () => {
  it.each(['2', '77'])('prints the event %s byte for byte, and what is known of it beside', async (entry) => {
    const world = await machine();
    expect(await run(world, 'show', entry)).toBe(0);
    expect(world.stdout.bytes).toEqual(LARGE.event);
    expect(world.stderr.lines).toContain('kind oversized');
    expect(world.stderr.lines).toContain('delivered trimmed');
    expect(world.stderr.text).not.toContain('\u001b');
  });

  it('prefers an id to a number', async () => {
    const one = { ...LOGIN, id: '2', event: Buffer.from('{"id":"2"}') };
    const world = await machine({ entries: [one, LARGE] });
    await run(world, 'show', '2');
    expect(world.stdout.text).toBe('{"id":"2"}');
  });

  it('prints all of it as JSON', async () => {
    const world = await machine();
    await run(world, 'show', '1', '--json');
    expect(JSON.parse(world.stdout.text)).toMatchObject({ number: 1, id: 'abc', event: LOGIN.event.toString() });
  });

  it('fails where there is no such entry, whatever is damaged', async () => {
    const files = { [`${DATA_PATH}/dead-letter/00000001.ndjson`]: '{"torn' };
    const world = await machine({ files });
    expect(await run(world, 'show', '9')).toBe(1);
    expect(world.stderr.text).toBe('No such entry in the dead letter: 9\n');
  });
});

describe('dead-letter replay', () => {
  it('sends everything again, says so, and lets go of all that it held', async () => {
    const destination = new RecordingDestination();
    const contexts: DestinationContext[] = [];
    const world = await machine({
      entries: [LOGIN],
      destination: (context) => {
        contexts.push(context);
        return destination;
      },
    });
    expect(await run(world, 'replay')).toBe(0);
    expect(destination.acknowledged).toEqual([LOGIN.event.toString()]);
    expect(world.stdout.text).toBe('1  delivered, and removed from the dead letter\n');
    expect(contexts[0]).toMatchObject({ anySize: false });
    expect(world.openTransports).toBe(0);
    expect(world.signals.listenerCount('SIGINT')).toBe(0);
    expect(await world.fileSystem.tryLock(`${DATA_PATH}/.lock`)).toBeDefined();
    expect(await deadLetters(storageOf(world))).toEqual([]);
  });

  it('leaves alone what a trimmed copy was sent of, and sends it where it is told to', async () => {
    const contexts: DestinationContext[] = [];
    const world = await machine({
      destination: (context) => {
        contexts.push(context);
        return new RecordingDestination();
      },
    });
    expect(await run(world, 'replay')).toBe(0);
    expect(world.stdout.lines).toEqual([
      '1  delivered, and removed from the dead letter',
      '1 left alone: a trimmed copy was sent before (--oversized sends the whole)',
    ]);
    expect(await run(world, 'replay', '--oversized', '--json')).toBe(0);
    expect(contexts[1]).toMatchObject({ anySize: true });
    expect(await deadLetters(storageOf(world))).toEqual([]);
  });

  it('says what it would send and sends nothing, beside a connector', async () => {
    const world = await machine({ destination: () => new RecordingDestination() });
    await world.fileSystem.tryLock(`${DATA_PATH}/.lock`);
    expect(await run(world, 'replay', '--dry-run')).toBe(0);
    expect(world.stdout.lines[0]).toBe('1 event of 33 bytes would be sent.');
    const json = await machine({ destination: () => new RecordingDestination() });
    await run(json, 'replay', '--dry-run', '--json', '--oversized');
    expect(JSON.parse(json.stdout.text)).toEqual({ events: 2, bytes: 36, skipped: 0 });
    expect(await deadLetters(storageOf(json))).toHaveLength(2);
  });

  it('sends only what is meant', async () => {
    const destination = new RecordingDestination();
    const other = { ...LOGIN, id: 'def', event: Buffer.from('{"id":"def"}'), reason: 'other' };
    const world = await machine({ entries: [LOGIN, other], destination: () => destination });
    expect(await run(world, 'replay', '--reason', 'other')).toBe(0);
    expect(destination.acknowledged).toEqual(['{"id":"def"}']);
  });

  it('says that they are still refused where every one is, and does not blame the intake key', async () => {
    const failure = new ModuleError('DESTINATION_REFUSES_EVENT', `The intake refuses it: status 400 ${SECRET}`, {
      advice: 'Check the intake key.',
    });
    const destination = (): RecordingDestination =>
      new RecordingDestination({ script: async (batch) => unsettled(batch, failure) });
    const world = await machine({ destination, entries: [LOGIN] });
    expect(await run(world, 'replay')).toBe(1);
    expect(world.stdout.lines).toContain('1  still refused, as is everything sent with them: they stay as they were');
    expect(world.stdout.text).not.toContain('neither');
    expect(world.stderr.lines[0]).toBe('The intake refuses it: status 400 [redacted].');
    expect(world.stderr.text).not.toMatch(/intake key|Error/);
  });

  it('fails where something is left, with the reason and the advice, and no secret', async () => {
    const failure = new ModuleError('DESTINATION_REFUSED', `status 401: ${SECRET}`, {
      status: 401,
      advice: 'Check it.',
    });
    const destination = (): RecordingDestination =>
      new RecordingDestination({ script: async (batch) => unsettled(batch, failure) });
    const world = await machine({ destination });
    expect(await run(world, 'replay')).toBe(1);
    expect(world.stderr.lines).toEqual(['Error: status 401: [redacted]', 'Check it.']);
    expect(world.stdout.lines).toContain('1  neither acknowledged nor refused: they stay');
    const json = await machine({ destination });
    expect(await run(json, 'replay', '--json')).toBe(1);
    expect(JSON.parse(json.stdout.text)).toMatchObject({
      delivered: 0,
      unsettled: 1,
      failure: 'status 401: [redacted]',
    });
    expect(await deadLetters(storageOf(world))).toHaveLength(2);
  });

  it('tells progress while it lasts', async () => {
    let world: FakeHarness | undefined = undefined;
    const destination = new RecordingDestination({
      batchEvents: () => 1,
      script: async () => {
        await world?.clock.advance(2000);
        return ACKNOWLEDGED;
      },
    });
    const entries = ['a', 'b'].map((id) => ({ ...LOGIN, id, event: Buffer.from(`{"id":"${id}"}`) }));
    world = await machine({ entries, destination: () => destination });
    await run(world, 'replay');
    expect(world.stderr.lines).toEqual(['1 of 2 sent', '2 of 2 sent']);
  });

  it('ends cleanly at Ctrl-C: what was acknowledged is gone, the rest is there', async () => {
    let world: FakeHarness | undefined = undefined;
    const destination = new RecordingDestination({
      batchEvents: () => 1,
      script: async (batch, { requested }, n) => {
        if (n === 1) return ACKNOWLEDGED;
        world?.signals.emit('SIGINT');
        return requested.aborted ? unsettled(batch, abortError()) : ACKNOWLEDGED;
      },
    });
    const entries = ['a', 'b', 'c'].map((id) => ({ ...LOGIN, id, event: Buffer.from(`{"id":"${id}"}`) }));
    world = await machine({ entries, destination: () => destination });
    expect(await run(world, 'replay')).toBe(130);
    expect((await deadLetters(storageOf(world))).map(({ id }) => id)).toEqual(['b', 'c']);
    expect(world.stderr.text).not.toContain('Error');
    expect(world.stdout.lines).toContain('1  delivered, and removed from the dead letter');
  });

  it('is refused while a connector works on the data path, and where the trigger sends nothing', async () => {
    const world = await machine({ destination: () => new RecordingDestination() });
    await world.fileSystem.tryLock(`${DATA_PATH}/.lock`);
    expect(await run(world, 'replay')).toBe(1);
    expect(world.stderr.text).toContain('is working on the data path');
    const without = await machine();
    expect(await run(without, 'replay')).toBe(2);
    expect(without.stderr.text).toContain('ScriptedTrigger sends nothing again');
  });
});

describe('dead-letter purge', () => {
  it('deletes what is meant, after it has said what that is', async () => {
    const world = await machine();
    expect(await run(world, 'purge', '--kind', 'oversized', '--yes')).toBe(0);
    expect(world.stderr.text).toContain('1 event of 3 bytes, 2030-01-02T03:34:05Z to 2030-01-02T03:34:05Z');
    expect(world.stdout.text).toBe('1 event deleted.\n');
    expect((await deadLetters(storageOf(world))).map(({ id }) => id)).toEqual(['abc']);
  });

  it('deletes everything with --all, and tells machines', async () => {
    const world = await machine();
    expect(await run(world, 'purge', '--all', '--yes', '--json')).toBe(0);
    expect(JSON.parse(world.stdout.text)).toEqual({ deleted: 2, bytes: 36 });
    expect(await storageOf(world).list('dead-letter')).toEqual([]);
  });

  it.each([
    ['yes', 0, 0],
    [' YES ', 0, 0],
    ['y', 1, 2],
    ['', 1, 2],
    [undefined, 130, 2],
  ])('asks, and takes %j for an answer', async (answer, code, left) => {
    const questions: string[] = [];
    const world = await machine({
      ask: async (question) => {
        questions.push(question);
        return answer;
      },
    });
    expect(await run(world, 'purge', '--all')).toBe(code);
    expect(questions).toEqual(['Delete them? Type yes: ']);
    expect(await deadLetters(storageOf(world))).toHaveLength(left);
  });

  it('asks nothing where there is nothing to delete', async () => {
    const world = await machine({ ask: async () => Promise.reject(new Error('asked')) });
    expect(await run(world, 'purge', '--id', 'nobody')).toBe(0);
    expect(world.stdout.text).toBe('0 events deleted.\n');
  });

  it.each([
    [['purge', '--yes'], 'say which entries'],
    [['purge', '--all'], 'add --yes'],
  ])('refuses %j', async (args, message) => {
    const world = await machine();
    expect(await run(world, ...args)).toBe(2);
    expect(world.stderr.text).toContain(message);
    expect(await deadLetters(storageOf(world))).toHaveLength(2);
  });

  it('is refused while a connector works on the data path', async () => {
    const world = await machine();
    await world.fileSystem.tryLock(`${DATA_PATH}/.lock`);
    expect(await run(world, 'purge', '--all', '--yes')).toBe(1);
    expect(await deadLetters(storageOf(world))).toHaveLength(2);
  });
});
