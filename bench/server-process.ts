import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { ApiOptions } from './servers/api.js';
import type { IntakeSinkOptions } from './servers/intake.js';
import type { Order, Report, ServerStats } from './servers/report.js';

type ReportOf<Kind extends Report['kind']> = Extract<Report, { readonly kind: Kind }>;

/** One of the two servers, in a process of its own. It does not survive this one. */
export class ServerProcess {
  port = 0;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(script: string, options: object) {
    const path = fileURLToPath(new URL(`./servers/${script}.js`, import.meta.url));
    this.#child = fork(path, [JSON.stringify(options)]);
    this.#ended = new Promise((_, reject) => {
      this.#child.on('exit', (code) => reject(new Error(`the ${script} server ended (${code ?? 'killed'})`)));
    });
    this.#ended.catch(() => undefined);
  }

  static async start(script: 'api' | 'intake', options: ApiOptions | IntakeSinkOptions): Promise<ServerProcess> {
    const server = new ServerProcess(script, options);
    ({ port: server.port } = await server.next('ready'));
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next report of a kind. */
  next<Kind extends Report['kind']>(kind: Kind): Promise<ReportOf<Kind>> {
    const told = new Promise<ReportOf<Kind>>((resolve) => {
      const listen = (message: unknown): void => {
        if ((message as Report).kind !== kind) return;
        this.#child.off('message', listen);
        resolve(message as ReportOf<Kind>);
      };
      this.#child.on('message', listen);
    });
    return Promise.race([told, this.#ended]);
  }

  async stats(): Promise<ServerStats> {
    this.#order({ ask: 'stats' });
    return (await this.next('stats')).stats;
  }

  /** From now on nothing has happened yet, and the intake waits for so many events. */
  beginAgain(expected = Infinity): void {
    // JSON knows no infinity.
    this.#order({ ask: 'begin again', expected: Math.min(expected, Number.MAX_SAFE_INTEGER) });
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #order(order: Order): void {
    this.#child.send(order);
  }
}
