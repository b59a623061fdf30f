// Makes docs/api of the SDK's surface anew and compares: fails where an export lacks its documentation, or where what is
// committed is not what would be made now ('npm run docs:api' makes it).
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const committed = path.join(root, 'docs/api');
const made = await mkdtemp(path.join(tmpdir(), 'api-documentation-'));
try {
  const typedoc = path.join(root, 'node_modules/typedoc/bin/typedoc');
  execFileSync(process.execPath, [typedoc, '--out', made, '--logLevel', 'Warn'], { cwd: root, stdio: 'inherit' });
  const names = new Set([...(await readdir(made)), ...(await readdir(committed).catch(() => []))]);
  const drift = [];
  for (const name of names) {
    const [now, before] = await Promise.all(
      [made, committed].map((directory) => readFile(path.join(directory, name), 'utf8').catch(() => undefined)),
    );
    if (now !== before) drift.push(`docs/api/${name}`);
  }
  if (drift.length > 0) {
    console.error(`Not what the sources say; run 'npm run docs:api': ${drift.join(', ')}`);
    process.exitCode = 1;
  }
} catch (error) {
  // typedoc has said on standard error what is wrong.
  if (error.status === undefined) throw error;
  process.exitCode = 1;
} finally {
  await rm(made, { recursive: true, force: true });
}
