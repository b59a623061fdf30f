import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { type NetworkFault, Weather } from './network-fault.js';
import { ProxiedConnection } from './proxied-connection.js';

const LISTEN_AGAIN_TRIES = 200;
const LISTEN_AGAIN_MS = 50;

/** A TCP proxy on loopback between the connector and one server, which fails as it is told. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #weather = new Weather();
  readonly #connections = new Set<ProxiedConnection>();
  #port = 0;
  #made = 0;
  #lostAnswers = 0;

  private constructor(private readonly serverPort: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Starts one on a free port. */
  static async start(serverPort: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(serverPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Connections made so far. */
  get made(): number {
    return this.#made;
  }

  /** Connections that ended while an answer may have been lost on them, whoever ended them. */
  get lostAnswers(): number {
    return this.#lostAnswers;
  }

  /** True while a connection exists that will never answer again: the connector has to find that out by itself. */
  get hasVanishedConnections(): boolean {
    return [...this.#connections].some(({ hasVanished }) => hasVanished);
  }

  /** From now on this, and nothing else, goes wrong. */
  begin(fault: NetworkFault): void {
    this.#weather.fault = fault;
    if (fault.kind === 'refuse') this.#server.close();
    if (fault.kind === 'refuse' || fault.kind === 'reset')
      for (const connection of this.#connections) connection.reset();
  }

  async heal(): Promise<void> {
    this.#weather.fault = undefined;
    for (let tries = 1; !this.#server.listening; tries += 1) {
      this.#server.listen(this.#port, '127.0.0.1');
      const failed = await once(this.#server, 'listening').then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      // Somebody's outgoing connection may have been given the port meanwhile.
      if (failed !== undefined && tries >= LISTEN_AGAIN_TRIES) throw failed as Error;
      if (failed !== undefined) await wait(LISTEN_AGAIN_MS);
    }
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.reset();
  }

  #accept(client: Socket): void {
    this.#made += 1;
    if (this.#weather.fault?.kind === 'reset') {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const connection = new ProxiedConnection(client, this.serverPort, this.#weather);
    this.#connections.add(connection);
    void connection.closed.then(() => {
      this.#connections.delete(connection);
      if (connection.mayHaveLostAnswer) this.#lostAnswers += 1;
    });
  }
}
