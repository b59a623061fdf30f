// Checks the licences of everything that is used in production, as the lock file has them, against those that ask no more
// than to be named; exits 1 where another one, or none, is found.
//   node scripts/licences.mjs [LOCK-FILE]
import { readFileSync } from 'node:fs';

/** Of SPDX. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

const { packages } = JSON.parse(readFileSync(process.argv[2] ?? 'package-lock.json', 'utf8'));
const used = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
const refused = used.filter(([, { license }]) => !isAllowed(license));
for (const [path, { version, license }] of refused) {
  console.error(`${path.replace(/^.*node_modules\//, '')} ${version}: ${license ?? 'no licence'}`);
}
if (refused.length > 0 || used.length === 0) {
  console.error(
    `${refused.length} of ${used.length} packages have a licence that is not allowed (scripts/licences.mjs)`,
  );
  process.exitCode = 1;
} else console.log(`${used.length} packages of production have licences that are allowed`);

/** Where a package may be had under one of several licences, one has to be allowed; where under all, each. */
function isAllowed(license) {
  if (typeof license !== 'string') return false;
  return license
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each)));
}
