import { connect, type Socket } from 'node:net';

import type { Way, Weather } from './network-fault.js';
import { OpenAnswer } from './open-answer.js';

/** A throttled connection moves so often. */
const THROTTLE_STEP_MS = 50;
const FOREVER_MS = 2 ** 31 - 1;

/** One connection of the connector, carried on to a server in the weather that there is. */
export class ProxiedConnection {
  readonly #server: Socket;
  readonly #openAnswer = new OpenAnswer();
  readonly #passed = { request: 0, answer: 0 };
  #hasVanished = false;
  #mayHaveLostAnswer = false;
  readonly closed: Promise<void>;

  constructor(
    private readonly client: Socket,
    serverPort: number,
    private readonly weather: Weather,
  ) {
    this.#server = connect(serverPort, '127.0.0.1');
    for (const socket of [client, this.#server]) socket.setNoDelay().on('error', () => undefined);
    client.on('close', () => this.#server.destroy());
    this.closed = new Promise((resolve) => client.on('close', () => resolve()));
    void this.#forward('request', client, this.#server);
    void this.#forward('answer', this.#server, client);
  }

  /** It swallows what is sent, and only its client can end it. */
  get hasVanished(): boolean {
    return this.#hasVanished;
  }

  /** Whether the client may have missed an answer that the server has given: it then cannot know, and asks again. */
  get mayHaveLostAnswer(): boolean {
    return this.#mayHaveLostAnswer || this.#openAnswer.isOpen;
  }

  /** Resets it on both sides. What the client had not read yet is lost with it. */
  reset(): void {
    this.#mayHaveLostAnswer = this.#passed.request > 0;
    this.client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  async #forward(way: Way, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const bytes of from as AsyncIterable<Buffer>) await this.#pass(way, bytes, to);
      if (!this.#hasVanished || way === 'request') to.end();
    } catch {
      if (!this.#hasVanished) this.reset();
    }
  }

  async #pass(way: Way, bytes: Buffer, to: Socket): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !to.destroyed;) {
      const count = await this.#allowed(way, rest.length);
      const piece = rest.subarray(0, count);
      rest = rest.subarray(count);
      if (this.#hasVanished || piece.length === 0) continue;
      // Before the server can answer, after the client can have seen it: an answer is rather taken for lost.
      if (way === 'request') this.#openAnswer.requested();
      await write(to, piece);
      if (way === 'answer') this.#openAnswer.answered(piece);
      this.#passed[way] += piece.length;
    }
  }

  /** How many bytes may go on now. Waits as the weather demands. */
  async #allowed(way: Way, wanted: number): Promise<number> {
    const { fault } = this.weather;
    if (this.#hasVanished) return wanted;
    switch (fault?.kind) {
      case 'stall':
        await this.weather.wait(FOREVER_MS);
        return 0;
      case 'vanish':
        this.#hasVanished = true;
        return wanted;
      case 'delay':
        await this.weather.wait(fault.delayMs);
        return wanted;
      case 'throttle':
        await this.weather.wait(THROTTLE_STEP_MS);
        return Math.min(wanted, Math.ceil((fault.bytesPerSecond * THROTTLE_STEP_MS) / 1000));
      case 'cut':
        if (way !== fault.way) return wanted;
        if (this.#passed[way] >= fault.afterBytes) throw new Error('cut');
        return Math.min(wanted, fault.afterBytes - this.#passed[way]);
      case 'refuse':
      case 'reset':
        throw new Error('reset');
      case undefined:
        return wanted;
    }
  }
}

/** Resolves when the operating system has the bytes, so that a reset that follows does not overtake them. */
function write(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
