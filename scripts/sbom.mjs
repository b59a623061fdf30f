// Writes what the package is made of in production, out of the lock file, as CycloneDX: dist/sbom.cdx.json, which is part of
// the package, or where it is told to.
//   node scripts/sbom.mjs [FILE]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const file = process.argv[2] ?? 'dist/sbom.cdx.json';
const { devDependencies: _, ...manifest } = JSON.parse(readFileSync('package.json', 'utf8'));
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));

// 'npm sbom --omit=dev' leaves out what is needed for development as well as in production: what is needed for development
// alone is taken away here.
lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => dev !== true));
delete lock.packages[''].devDependencies;

const directory = mkdtempSync(path.join(tmpdir(), 'sbom-'));
try {
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(directory, 'package-lock.json'), JSON.stringify(lock));
  const asked = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const text = execFileSync('npm', asked, { cwd: directory, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const bom = JSON.parse(text);
  // npm takes the name of the folder.
  bom.metadata.component.name = manifest.name;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`);
  console.log(`${file}: ${bom.components.length} packages`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
