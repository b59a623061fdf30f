import { setTimeout as wait } from 'node:timers/promises';

import type { SmallDisk } from '../disk/small-disk.js';
import type { FaultyProxy } from '../network/faulty-proxy.js';
import type { Connector, End } from '../processes/connector.js';
import type { SimulatorsProcess } from '../processes/simulators.js';
import { describe, type Incident, nameOf, type PlannedIncident, type Side } from './incident.js';

/** A stop that is told has eight seconds for what is under way; whoever takes so long will never end. */
export const END_PATIENCE_MS = 30_000;
/** State that could not be written is tried again within this: until then a stop may leave it unwritten. */
const STATE_TROUBLE_LASTS_MS = 12_000;
const LOOK_AGAIN_MS = 50;

export interface StageParts {
  readonly connector: Connector;
  readonly simulators: SimulatorsProcess;
  readonly proxies: Readonly<Record<Side, FaultyProxy>>;
  readonly disk: SmallDisk | undefined;
  readonly tell: (line: string) => void;
}

/** What the incidents have done so far. */
export interface Deeds {
  /** How often each incident happened, by name. */
  readonly incidents: Record<string, number>;
  /** Ends after which what was under way may be repeated: kills, and stops that could not commit. */
  hardEnds: number;
  /** Stops with nothing else wrong, which left with status 0. */
  calmStops: number;
  /** Starts that a full disk refused. */
  refusedStarts: number;
  longestStopMs: number;
  /** What must never happen, in words. */
  readonly surprises: string[];
}

/** Where the incidents are played. */
export class Stage {
  readonly deeds: Deeds = {
    ...{ incidents: {}, hardEnds: 0, calmStops: 0, refusedStarts: 0, longestStopMs: 0, surprises: [] },
  };
  /** Network faults and full disks that last now. */
  #faults = 0;
  /** Set while a calm stop waits or happens: no fault begins meanwhile. */
  #calm: Promise<void> | undefined;
  #diskWasFullUntilMs = -Infinity;

  constructor(private readonly parts: StageParts) {}

  /** Plays one track; tracks may be played side by side. */
  async play(track: readonly PlannedIncident[]): Promise<void> {
    const startedAtMs = performance.now();
    for (const { atMs, incident } of track) {
      await wait(Math.max(0, startedAtMs + atMs - performance.now()));
      await this.#happen(incident);
    }
  }

  /** An end that nobody wanted: right only where the disk was full. */
  noteSurprise({ code, signal }: End): void {
    this.deeds.hardEnds += 1;
    if (this.#diskIsTroubled && code === 1) this.deeds.refusedStarts += 1;
    else this.#surprise(`the connector ended by itself with ${String(signal ?? code)}`);
  }

  async #happen(incident: Incident): Promise<void> {
    if (incident.kind === 'terminate') return this.#terminate(incident);
    const isFault = incident.kind === 'network' || incident.kind === 'disk full' || incident.kind === 'freeze';
    while (isFault && this.#calm !== undefined) await this.#calm;
    this.#tell(incident);
    switch (incident.kind) {
      case 'kill': {
        const end = await this.parts.connector.endAndRestart('SIGKILL', { ...incident, patienceMs: END_PATIENCE_MS });
        if (end !== undefined) this.deeds.hardEnds += 1;
        return;
      }
      case 'freeze':
        return this.#fault(() => this.#freeze(incident));
      case 'disk full':
        return this.#fault(() => this.#fillDisk(incident.durationMs));
      case 'network':
        return this.#fault(async () => {
          const proxy = this.parts.proxies[incident.side];
          proxy.begin(incident.fault);
          await wait(incident.durationMs);
          await proxy.heal();
        });
    }
  }

  async #fault(play: () => Promise<void>): Promise<void> {
    this.#faults += 1;
    await play();
    this.#faults -= 1;
  }

  async #freeze({ who, durationMs }: Extract<Incident, { kind: 'freeze' }>): Promise<void> {
    if (who === 'connector') return this.parts.connector.freeze(durationMs);
    this.parts.simulators.freeze();
    await wait(durationMs);
    this.parts.simulators.thaw();
  }

  async #fillDisk(durationMs: number): Promise<void> {
    const { disk } = this.parts;
    if (disk === undefined) return;
    this.#diskWasFullUntilMs = Infinity;
    disk.fill();
    await wait(durationMs);
    disk.free();
    this.#diskWasFullUntilMs = performance.now();
  }

  async #terminate(incident: Extract<Incident, { kind: 'terminate' }>): Promise<void> {
    if (!incident.calm) return this.#stop(incident);
    let over = (): void => undefined;
    this.#calm = new Promise((resolve) => (over = resolve));
    try {
      while (!this.#isCalm) await wait(LOOK_AGAIN_MS);
      await this.parts.connector.hasSpoken();
      await this.#stop(incident);
    } finally {
      this.#calm = undefined;
      over();
    }
  }

  async #stop(incident: Extract<Incident, { kind: 'terminate' }>): Promise<void> {
    this.#tell(incident);
    const diskWasTroubled = this.#diskIsTroubled;
    const startedAtMs = performance.now();
    const { pauseMs } = incident;
    const end = await this.parts.connector.endAndRestart('SIGTERM', { pauseMs, patienceMs: END_PATIENCE_MS });
    if (end === undefined) return;
    const tookMs = performance.now() - startedAtMs - pauseMs;
    this.deeds.longestStopMs = Math.max(this.deeds.longestStopMs, tookMs);
    if (end === 'hung') {
      this.deeds.hardEnds += 1;
      this.#surprise(`the connector did not end within ${END_PATIENCE_MS / 1000} s of SIGTERM`);
      return;
    }
    const isClean = end.code === 0 && !diskWasTroubled && !this.#diskIsTroubled;
    if (!isClean) this.deeds.hardEnds += 1;
    // Before node has loaded the program, the signal has its usual effect; broken off has status 1.
    const isRight =
      end.code === 0 || (!end.hadStarted && end.signal === 'SIGTERM') || (!incident.calm && end.code === 1);
    if (!isRight) this.#surprise(`SIGTERM ended the connector with ${String(end.signal ?? end.code)}`);
    else if (incident.calm) this.deeds.calmStops += 1;
  }

  get #isCalm(): boolean {
    const isStuck = Object.values(this.parts.proxies).some((proxy) => proxy.hasVanishedConnections);
    return this.#faults === 0 && !isStuck && this.parts.connector.pid !== undefined;
  }

  get #diskIsTroubled(): boolean {
    return performance.now() < this.#diskWasFullUntilMs + STATE_TROUBLE_LASTS_MS;
  }

  #tell(incident: Incident): void {
    const name = nameOf(incident);
    this.deeds.incidents[name] = (this.deeds.incidents[name] ?? 0) + 1;
    this.parts.tell(describe(incident));
  }

  #surprise(text: string): void {
    this.deeds.surprises.push(text);
    this.parts.tell(`SURPRISE: ${text}`);
  }
}
