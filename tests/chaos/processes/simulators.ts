import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { SimulatorsOptions } from '../../../src/simulators/serve.js';
import type { Undo } from '../undo.js';
import type { Answer, Question } from './question.js';

const SCRIPT = fileURLToPath(new URL('./simulators-process.js', import.meta.url));

interface Reply {
  readonly number: number;
  readonly value?: unknown;
  readonly failure?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The simulators in a process of their own. */
export class SimulatorsProcess {
  readonly #waiting = new Map<number, Waiting>();
  #lastNumber = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply) => this.#take(reply as Reply));
    child.on('exit', (code, signal) => {
      const error = new Error(`the simulators ended (${signal ?? code ?? ''})`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  static async start(options: SimulatorsOptions, undo: Undo): Promise<SimulatorsProcess> {
    const child = fork(SCRIPT, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    undo.add(() => child.kill('SIGKILL'));
    const simulators = new SimulatorsProcess(child);
    await new Promise((resolve, reject) => simulators.#waiting.set(0, { resolve, reject }));
    return simulators;
  }

  ask<Q extends Question>(question: Q): Promise<Answer[Q['ask']]> {
    const number = (this.#lastNumber += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: (value) => resolve(value as Answer[Q['ask']]), reject });
      this.child.send({ number, question });
    });
  }

  /** Stops all of it where it stands, without a word to anybody. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  #take({ number, value, failure }: Reply): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (failure === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(failure));
  }
}
