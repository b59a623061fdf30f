// Asks the registry for known flaws of the packages that are used in production; exits 1 where one is high or critical.
// A registry that does not answer such questions is said to, and is no reason to fail: nothing was found, nor looked for.
import { spawnSync } from 'node:child_process';

const ASKED = ['audit', '--omit=dev', '--audit-level=high', '--json'];

const { stdout, stderr, status, error } = spawnSync('npm', ASKED, { encoding: 'utf8' });
const report = parse(stdout);
const counts = report?.metadata?.vulnerabilities;
if (error !== undefined || counts === undefined) {
  const why = error?.message ?? report?.message ?? report?.error?.summary ?? stderr.trim().split('\n')[0];
  console.log(
    `Skipped: the registry does not answer audits (${why || `npm left with ${status}`}). Nothing was looked for.`,
  );
} else if (counts.high + counts.critical > 0) {
  const grave = Object.values(report.vulnerabilities).filter(({ severity }) => ['high', 'critical'].includes(severity));
  for (const { name, severity, range } of grave) console.error(`${severity}: ${name} ${range}`);
  console.error(`${grave.length} packages of production have known flaws; 'npm audit --omit=dev' tells more`);
  process.exitCode = 1;
} else {
  console.log(`No known flaw that is high or critical; ${counts.total} lesser ones`);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
