import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import { ConfigurationError } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { escapeControls } from '../../sdk/observability/escape-controls.js';
import { bundleFiles, IncompletePackageError, type BundleFiles } from '../bundle/bundle-files.js';
import { hasUnreleased } from '../bundle/compliance/changelog-rules.js';
import { checkCompliance } from '../bundle/compliance/check-compliance.js';
import { documentAt } from '../bundle/compliance/documents.js';
import { viewOf, type BundleView, type Violation } from '../bundle/compliance/violation.js';
import { isWhole, MARKER, readBundle, writeBundle } from '../bundle/directory.js';
import { PRIVATE_NAME } from '../bundle/items.js';
import { paintFor, plural, printJson, printLine } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { helpText, USUAL_EXIT_CODES } from './help.js';

interface BundleFlags {
  readonly out?: string;
  readonly check?: string;
  readonly private?: string;
  readonly json?: true;
}

/** `bundle`: the module as Sekoia.io imports it. */
export function addBundleCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const { '2': usage, '130': interrupted } = USUAL_EXIT_CODES;
  program
    .command('bundle')
    .description(
      'Write the module as a directory that Sekoia.io imports from git: manifests with their references inlined, ' +
        'logo, changelog, sources and Dockerfile. Or check such a directory.',
    )
    .option('--out <DIR>', 'write the bundle there: a new or empty directory, a git repository, or an earlier bundle')
    .option('--private <NAME>', 'a module of its own beside the official one: other UUIDs and slug, derived from NAME')
    .option('--check <DIR>', "hold a directory against the rules of Sekoia.io's library; changes nothing")
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module bundle --out ../my-integrations/JumpCloud',
          'sekoia-module bundle --out ../my-integrations/JumpCloud --private acme',
          'sekoia-module bundle --check ../my-integrations/JumpCloud',
        ],
        exitCodes: {
          '0': 'written, or no rule is broken',
          '1': 'a rule is broken, or it could not be written',
          '2': usage,
          '130': interrupted,
        },
      }),
    )
    .action(async (flags: BundleFlags) => finish(await bundle(flags, world)));
}

async function bundle(flags: BundleFlags, world: HarnessWorld): Promise<ExitCode> {
  const { out, check, private: privateName } = flags;
  if ((out === undefined) === (check === undefined)) throw problem('--out', 'give --out or --check, one of them');
  if (check !== undefined && privateName !== undefined) throw problem('--private', 'goes with --out alone');
  if (privateName !== undefined && !PRIVATE_NAME.test(privateName)) {
    throw problem('--private', 'must be lower-case letters and hyphens, a letter first: it becomes part of the slug');
  }
  const json = flags.json === true;
  return check === undefined
    ? write({ directory: resolve(world.workingDirectory, out ?? ''), privateName, json }, world)
    : examine({ directory: resolve(world.workingDirectory, check), json }, world);
}

async function write(
  { directory, privateName, json }: { directory: string; privateName: string | undefined; json: boolean },
  world: HarnessWorld,
): Promise<ExitCode> {
  const files = await collect(world, privateName);
  const view = viewOf(files);
  const violations = await checkCompliance(view, commandsOf(world));
  // A bundle that the platform would refuse is of no use to anybody.
  if (violations.length > 0) return tellViolations({ directory: world.packageDirectory, violations, json }, world);
  await writeBundle(directory, files);
  const { uuid, slug, version } = documentAt(view, 'manifest.json') ?? {};
  const warnings = warningsOf(view);
  if (json) {
    const written = [...files].map(([path, { length }]) => ({ path, bytes: length }));
    printJson(world.stdout, { directory, module: { uuid, slug, version }, files: written, warnings });
    return EXIT_CODE.ok;
  }
  const { stdout, environment } = world;
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const size = `${plural(files.size, 'file')}, ${(bytes / 1024).toFixed(0)} KiB`;
  printLine(
    stdout,
    `${String(slug)} ${String(version)} (${String(uuid)}) is in ${escapeControls(directory)}: ${size}.`,
  );
  for (const warning of warnings)
    printLine(stdout, `${paintFor(stdout, environment)('yellow', 'Warning')}: ${warning}`);
  printLine(stdout, 'Commit it, push it, and give Sekoia.io the address of the repository and the path in it.');
  return EXIT_CODE.ok;
}

async function collect(world: HarnessWorld, privateName: string | undefined): Promise<BundleFiles> {
  try {
    return await bundleFiles(world.packageDirectory, world.fileSystem, privateName);
  } catch (thrown) {
    if (!(thrown instanceof IncompletePackageError)) throw thrown;
    throw problem(
      'bundle',
      `${thrown.message}: run it in a clone of the repository, which has what the image is built from`,
    );
  }
}

async function examine(
  { directory, json }: { directory: string; json: boolean },
  world: HarnessWorld,
): Promise<ExitCode> {
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw problem('--check', `${directory} is no directory`);
  const view = await readBundle(directory);
  const half: Violation[] = isWhole(view)
    ? []
    : [{ file: MARKER, problem: 'tells of a bundle half written', remedy: 'Run the same bundle --out again.' }];
  const violations = [...half, ...(await checkCompliance(view, commandsOf(world)))];
  return tellViolations({ directory, violations, json, warnings: warningsOf(view) }, world);
}

interface Verdict {
  readonly directory: string;
  readonly violations: readonly Violation[];
  readonly json: boolean;
  readonly warnings?: readonly string[];
}

function tellViolations({ directory, violations, json, warnings = [] }: Verdict, world: HarnessWorld): ExitCode {
  const { stdout, environment } = world;
  const passed = violations.length === 0;
  if (json) {
    printJson(stdout, { directory, passed, violations, warnings });
  } else {
    const paint = paintFor(stdout, environment);
    for (const { file, problem: what, remedy } of violations) {
      printLine(stdout, `${paint('red', escapeControls(file))} ${escapeControls(what)}`);
      printLine(stdout, escapeControls(`    ${remedy}`));
    }
    for (const warning of warnings) printLine(stdout, `${paint('yellow', 'Warning')}: ${warning}`);
    const verdict = passed ? 'No rule is broken' : `${plural(violations.length, 'rule')} broken`;
    printLine(stdout, paint(passed ? 'green' : 'red', `${verdict} in ${escapeControls(directory)}.`));
  }
  return passed ? EXIT_CODE.ok : EXIT_CODE.failed;
}

function warningsOf(view: BundleView): string[] {
  if (!hasUnreleased(view.text('CHANGELOG.md') ?? '')) return [];
  return [
    'CHANGELOG.md tells of changes without a version. The platform takes up a module only where the version is new: ' +
      'give them one, in manifest.json, package.json and CHANGELOG.md, before an import.',
  ];
}

function commandsOf({ triggers }: HarnessWorld): string[] {
  return triggers.map(({ trigger }) => trigger.command);
}

function problem(setting: string, text: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem: text }]);
}
