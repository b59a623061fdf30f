// Reads a stored object of 5 GB (or of as many as --gigabytes says), which is made while it is read, in each form, each in a
// process of its own. Fails where an event is missing, a fault is told of, or the process takes 200 MB. Needs the program zstd.
// Run from the package's directory, after a build; what it imports is only there then.
import { execFileSync, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { Command, InvalidArgumentError, Option } from 'commander';

/** What the program zstd is given. The second has the largest window that is read, and is slow: only where --form says so. */
const ZSTD = { zstd: '-3', zstdLong: '--long=26' };
const FORMS = ['ndjson', 'multiLine', 'singleLine', 'gzip', 'zstd'];
const MOST_RESIDENT_BYTES = 200_000_000;
const EVENTS_IN_BLOCK = 4000;

const { gigabytes, form: oneForm } = new Command('npm run bench:stored --')
  .description('How fast a stored object is read in each form, and what memory that takes')
  .option('--gigabytes <number>', 'how large', positive, 5)
  .addOption(new Option('--form <form>', 'one alone').choices([...FORMS, 'zstdLong']))
  .addHelpText('after', '\nExample:\n  npm run bench:stored -- --gigabytes 0.5 --form gzip')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts();
const wantedBytes = gigabytes * 1e9;

if (oneForm === undefined) {
  console.log('form         content   events      time    MB/s   resident');
  for (const form of FORMS) {
    process.stdout.write(
      execFileSync(process.execPath, [process.argv[1], '--form', form, '--gigabytes', String(gigabytes)]),
    );
  }
} else {
  await readOne(oneForm);
}

function positive(text) {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

async function readOne(form) {
  const { readStoredEvents } = await import(pathToFileURL('dist/sdk/stored/read-stored-events.js').href);
  const block = blockOf(form);
  const blocks = Math.ceil(wantedBytes / block.contentBytes);
  let events = 0;
  let ids = 0;
  let faults = 0;
  const startedAt = performance.now();
  for await (const run of readStoredEvents(object(form, block.bytes, blocks), { onFault: () => (faults += 1) })) {
    events += run.count;
    // As the pump asks for them.
    ids += run.keys(0).length;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const residentBytes = process.resourceUsage().maxRSS * 1024;
  const [gigabytes, rate] = [(blocks * block.contentBytes) / 1e9, (blocks * block.contentBytes) / 1e6 / seconds];
  const resident = `${(residentBytes / 1e6).toFixed(0)} MB`;
  const row = [`${gigabytes.toFixed(2)} GB`, String(events), `${seconds.toFixed(1)} s`, rate.toFixed(0), resident];
  console.log(form.padEnd(10) + row.map((cell) => cell.padStart(10)).join(''));
  if (events !== blocks * EVENTS_IN_BLOCK || ids !== events || faults > 0) throw new Error('Events are missing');
  if (residentBytes >= MOST_RESIDENT_BYTES) throw new Error('It takes too much memory');
}

/** The same events again and again, of which the ends fit together. */
function blockOf(form) {
  const events = Array.from({ length: EVENTS_IN_BLOCK }, (_, n) => ({
    id: `5f0c${n.toString(16).padStart(20, '0')}`,
    timestamp: new Date(1_900_000_000_000 - n * 7).toISOString(),
    '@version': '1',
    service: 'directory',
    event_type: 'user_login_attempt',
    client_ip: '203.0.113.41',
    initiated_by: { id: '64910fe31b0db4289d409397', type: 'admin', email: 'ines.falk@example.com' },
    geoip: { country_code: 'SE', timezone: 'Europe/Stockholm', latitude: 59.3, longitude: 18.1 },
    changes: [{ field: 'department', from: 'Field "Sales"', to: 'Finance' }],
    useragent: { name: 'Firefox', version: '141.0', os: 'Ubuntu', os_full: 'Ubuntu', device: 'Other' },
    success: n % 3 === 0,
    filling: 'x'.repeat(n % 700),
  }));
  const texts = events.map((event) => JSON.stringify(event, undefined, form === 'multiLine' ? 2 : 0));
  const content = Buffer.from(texts.join(isArray(form) ? ',\n' : '\n') + '\n');
  return { contentBytes: content.length, bytes: form === 'gzip' ? gzipSync(content, { level: 9 }) : content };
}

function isArray(form) {
  return form === 'multiLine' || form === 'singleLine';
}

async function* object(form, bytes, blocks) {
  if (form in ZSTD) return yield* compressed(ZSTD[form], () => repeated(form, bytes, blocks));
  yield* repeated(form, bytes, blocks);
}

/** As the program zstd makes it while it is read. */
async function* compressed(option, content) {
  const program = spawn('zstd', ['--quiet', '--stdout', option], { stdio: ['pipe', 'pipe', 'inherit'] });
  const given = pipeline(Readable.from(content()), program.stdin);
  yield* program.stdout;
  await given;
}

async function* repeated(form, bytes, blocks) {
  if (isArray(form)) yield Buffer.from('[');
  for (let n = 0; n < blocks; n += 1) {
    if (isArray(form) && n > 0) yield Buffer.from(',');
    for (let at = 0; at < bytes.length; at += 65_536) {
      yield bytes.subarray(at, at + 65_536);
      // As a connection or a disk gives others their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (isArray(form)) yield Buffer.from(']');
}
