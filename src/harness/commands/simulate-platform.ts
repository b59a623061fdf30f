import type { LogLine } from '../../simulators/sekoia/platform/bodies.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { stopOnSignals } from '../../sdk/signals.js';
import { Stop } from '../../sdk/stop.js';
import { accountLines } from '../account-lines.js';
import { paintFor, type Paint, printJson, printLine } from '../output.js';
import { playPlatform, type PlatformPlay, type PlayOptions } from '../platform/play-platform.js';
import type { PlayedStep } from '../platform/steps.js';
import type { HarnessWorld } from '../world.js';

/** `simulate --platform`: the module's life on the platform, from the validation of its account to its end. */
export async function simulatePlatform(
  options: PlayOptions & { readonly json: boolean },
  world: HarnessWorld,
): Promise<ExitCode> {
  const { stdout, stderr, environment, clock } = world;
  const out = options.json ? stderr : stdout;
  const paint = paintFor(out, environment);
  const stop = new Stop();
  const say = (text: string): void => printLine(out, text);
  const log = { debug: say, info: say, warning: say, error: say, critical: say };
  const signals = stopOnSignals({ source: world.signals, stop, clock, log, graceMs: 10_000 });
  try {
    const play = await playPlatform(options, world, {
      requested: stop.requested,
      onStep: (step) => printLine(out, stepLine(step, paint)),
    });
    if (play === undefined) return signals.received === 'SIGTERM' ? EXIT_CODE.ok : EXIT_CODE.interrupted;
    if (options.json) printJson(stdout, play);
    else printPlay(play, world);
    return play.passed ? EXIT_CODE.ok : EXIT_CODE.failed;
  } finally {
    signals.release();
  }
}

function stepLine({ name, held, detail, seconds }: PlayedStep, paint: Paint): string {
  const mark = held ? paint('green', 'held  ') : paint('red', 'failed');
  return `${mark}  ${seconds.toFixed(1).padStart(5)} s  ${name}: ${detail}`;
}

function printPlay({ logTab, account, passed }: PlatformPlay, { stdout, environment }: HarnessWorld): void {
  const paint = paintFor(stdout, environment);
  printLine(stdout);
  printLine(stdout, paint('bold', 'Log tab'));
  for (const line of logTab.flatMap(tabLines)) printLine(stdout, `  ${line}`);
  printLine(stdout);
  printLine(stdout, paint('bold', 'Events'));
  for (const line of accountLines(account)) printLine(stdout, `  ${line}`);
  printLine(stdout);
  printLine(stdout, passed ? paint('green', 'Every step held.') : paint('red', 'A step failed.'));
}

function tabLines({ date, level, message }: LogLine): string[] {
  const [first = '', ...more] = message.split('\n');
  const head = `${date.slice(11, 19)}  ${level.padEnd(8)}  `;
  return [`${head}${first}`, ...more.map((line) => `${' '.repeat(head.length)}${line}`)];
}
