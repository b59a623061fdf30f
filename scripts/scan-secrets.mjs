// Looks for the keys that tests use where none may be: in what a run has printed, and in the state that it left behind.
// Exits 1 where one is found, 2 where there was nothing to look at.
//   node scripts/scan-secrets.mjs PATH...
// A file is looked at whole; of a directory the documents of data paths that lie anywhere in it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const KEYS = JSON.parse(readFileSync(path.join(import.meta.dirname, '../tests/support/known-keys.json'), 'utf8'));
/** What a connector writes. Whatever else lies in a directory of a test may be its configuration, which holds keys. */
const STATE = /(^|\/)(context\.json|(ledger|proofs|dead-letter|backup|damaged)\/[^/]+)$/;

const forms = KEYS.flatMap((key) => [
  ...[key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1)],
  ...[Buffer.from(key).toString('hex'), ...inBase64(key)],
]);

let looked = 0;
let found = 0;
for (const given of process.argv.slice(2)) {
  const isDirectory = statSync(given).isDirectory();
  const files = isDirectory
    ? readdirSync(given, { recursive: true, encoding: 'utf8' }).filter((file) => STATE.test(file))
    : [''];
  for (const file of files.map((name) => path.join(given, name))) {
    if (!statSync(file).isFile()) continue;
    looked += 1;
    // Latin-1: every byte is a character, whatever the file is.
    const lines = readFileSync(file, 'latin1').split('\n');
    for (const [index, line] of lines.entries()) {
      if (!forms.some((form) => line.includes(form))) continue;
      found += 1;
      console.error(`${file}:${index + 1} holds a key`);
    }
  }
}
if (looked === 0) console.error('There was nothing to look at');
else if (found === 0) console.log(`No key in ${looked} files`);
process.exitCode = found > 0 ? 1 : looked === 0 ? 2 : 0;

/** What of a key is seen in base64, wherever in a longer text it begins. */
function inBase64(key) {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(key)]);
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((whole.length * 8) / 6)];
    return whole.toString('base64').slice(from, to);
  });
}
