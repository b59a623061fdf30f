import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { name: PACKAGE } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { name: string };

/** Does for a module's directory what `npm install` would, without a network: this package, its runner and its tools. */
export function linkPackages(directory: string): void {
  const modules = join(directory, 'node_modules');
  const bin = join(modules, '.bin');
  mkdirSync(bin, { recursive: true });
  for (const entry of readdirSync(join(ROOT, 'node_modules')).filter((each) => !each.startsWith('.'))) {
    symlinkSync(join(ROOT, 'node_modules', entry), join(modules, entry));
  }
  symlinkSync(ROOT, join(modules, PACKAGE));
  symlinkSync(join(ROOT, 'node_modules/typescript/bin/tsc'), join(bin, 'tsc'));
  const runner = join(bin, 'sekoia-module');
  writeFileSync(runner, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/dist/harness/cli.js" "$@"\n`);
  chmodSync(runner, 0o755);
}

/** How a command ended. */
export interface Output {
  readonly code: number;
  readonly output: string;
}

/** Runs a command in a directory, without the variables of this test run. Never rejects. */
export async function runIn(directory: string, command: string, args: readonly string[]): Promise<Output> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: directory, env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, output: stdout + stderr };
  }
}
