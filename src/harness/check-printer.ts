import { escapeControls } from '../sdk/observability/escape-controls.js';
import { outputStyle, type OutputStream } from '../sdk/observability/terminal.js';
import type { Environment } from '../sdk/ports.js';
import type { CheckResult } from '../sdk/trigger.js';
import { paintFor, printLine, type Paint } from './output.js';

type State = CheckResult['state'];

const SYMBOLS: Readonly<Record<State, string>> = { passed: '✓', failed: '✗', warning: '!', skipped: '-' };
const WORDS: Readonly<Record<State, string>> = { passed: 'ok  ', failed: 'FAIL', warning: 'warn', skipped: 'skip' };
const COLOURS: Readonly<Record<State, Parameters<Paint>[0]>> = {
  passed: 'green',
  failed: 'red',
  warning: 'yellow',
  skipped: 'dim',
};

/** Writes findings as they are made: one line each, and one for what to do. */
export interface CheckPrinter {
  begin(name: string): void;
  print(result: CheckResult): void;
  end(results: readonly CheckResult[]): void;
}

/** Symbols and colours for a terminal, plain words for anything else. */
export function createCheckPrinter(stream: OutputStream, environment: Environment): CheckPrinter {
  const paint = paintFor(stream, environment);
  const { human } = outputStyle(stream, environment);
  return {
    begin(name) {
      printLine(stream, paint('bold', `Checking ${name}`));
      printLine(stream);
    },
    print({ name, state, detail, remedy }) {
      const mark = paint(COLOURS[state], human ? SYMBOLS[state] : WORDS[state]);
      printLine(stream, `${mark} ${name}: ${oneLine(detail)}`);
      if (remedy !== undefined) printLine(stream, `${human ? '  → ' : '     -> '}${oneLine(remedy)}`);
    },
    end(results) {
      const failed = results.filter(({ state }) => state === 'failed').length;
      const verdict = failed === 0 ? 'Nothing stands in the way.' : `${failed} of ${results.length} checks failed.`;
      printLine(stream);
      printLine(stream, paint(failed === 0 ? 'green' : 'red', verdict));
    },
  };
}

function oneLine(text: string): string {
  return escapeControls(text.replace(/\s*\n\s*/g, ' '));
}
