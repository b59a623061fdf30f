import { posix } from 'node:path';

import { isJsonObject } from '../../../sdk/configuration/json.js';
import { documentAt } from './documents.js';
import type { BundleView, Violation } from './violation.js';

/** What the platform needs to build the image from the bundle alone. */
export function imageViolations(view: BundleView): Violation[] {
  const found: Violation[] = [];
  const add = (file: string, problem: string, remedy: string): number => found.push({ file, problem, remedy });
  const dockerfile = view.text('Dockerfile');
  if (dockerfile === undefined) add('Dockerfile', 'is missing', 'Add one: the platform builds the image from it.');
  else found.push(...dockerfileViolations(dockerfile, view));
  if (view.paths.includes('pyproject.toml')) {
    add('pyproject.toml', 'makes the checker take this for a Python module', 'Remove it.');
  }
  if (view.paths.includes('package.json') && !view.paths.includes('package-lock.json')) {
    add('package-lock.json', 'is missing', 'Run npm install: npm ci installs what it says and nothing else.');
  }
  for (const path of localPackages(view).filter((each) => !view.paths.includes(each))) {
    const remedy = "Put it into vendor/ with npm pack, and install that file: 'npm install ./vendor/FILE.tgz'.";
    add('package-lock.json', `installs ${path}, which is not there`, remedy);
  }
  return found;
}

/** What is installed from files or folders and not from a registry. */
function localPackages(view: BundleView): string[] {
  const packages = documentAt(view, 'package-lock.json')?.['packages'];
  if (!isJsonObject(packages)) return [];
  return Object.values(packages).flatMap((entry): string[] => {
    const { resolved, link } = isJsonObject(entry) ? entry : {};
    if (typeof resolved !== 'string') return [];
    if (link === true) return [resolved];
    return resolved.startsWith('file:') ? [posix.normalize(resolved.slice('file:'.length))] : [];
  });
}

/** The directory is the only context, and nothing is handed to the build. */
function dockerfileViolations(text: string, view: BundleView): Violation[] {
  const found: Violation[] = [];
  const add = (problem: string, remedy: string): number => found.push({ file: 'Dockerfile', problem, remedy });
  const lines = text.replace(/\\\r?\n/g, ' ').split('\n');
  const instruction = (name: string): string[] =>
    lines.flatMap((line) => new RegExp(`^\\s*${name}\\s+(.*)$`, 'i').exec(line)?.[1] ?? []);
  if (instruction('ARG').length > 0) add('takes build arguments', 'Remove ARG: the platform passes none.');
  if (!instruction('ENTRYPOINT').some((entry) => entry.trim().startsWith('['))) {
    add('has no ENTRYPOINT in exec form', 'Write ENTRYPOINT ["program", "argument"]: the command is added to it.');
  }
  if (instruction('USER').at(-1)?.trim() !== 'sekoiaio-runtime') {
    add('does not run as sekoiaio-runtime', 'Make that user, and end with USER sekoiaio-runtime.');
  }
  for (const source of instruction('COPY').flatMap(copiedFromContext)) {
    if (!view.paths.some((path) => path === source || path.startsWith(`${source}/`))) {
      add(`copies ${source}, which is not there`, 'Add it to the bundle, or do without it.');
    }
  }
  return found;
}

function copiedFromContext(rest: string): string[] {
  const words = rest.trim().split(/\s+/);
  if (words.some((word) => word.startsWith('--from='))) return [];
  return words.filter((word) => !word.startsWith('--')).slice(0, -1);
}
