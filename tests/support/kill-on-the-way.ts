import { setTimeout as wait } from 'node:timers/promises';

import { expect } from '@jest/globals';

import type { Simulators } from '../../src/simulators/serve.js';
import { startProgram, type RunningProgram } from './built-program.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';

/** What stood at the intake when a process was dead. */
export interface Moment {
  readonly delivered: number;
  readonly duplicated: number;
}

export function momentOf(simulators: Simulators): Moment {
  const { delivered, duplicated } = simulators.account();
  return { delivered, duplicated };
}

/** Resolves once the intake has taken so many events more, repeats included. */
async function takes(simulators: Simulators, further: number, { child }: RunningProgram): Promise<void> {
  const { received } = simulators.sekoia;
  const wanted = received.events + further;
  const deadline = Date.now() + 60_000;
  while (received.events < wanted) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the connector ended by itself');
    if (Date.now() > deadline) throw new Error(`the intake has ${received.events} events and waits for ${wanted}`);
    await wait(2);
  }
}

export interface KillPlan {
  readonly simulators: Simulators;
  readonly environment: Readonly<Record<string, string>>;
  readonly kills: number;
  readonly random: () => number;
}

/**
 * Kills by progress, not by time, so that the kills cover the whole run on any machine. Each one comes after between
 * nothing and twice its share of what is missing: some while the connector still repeats what the last one broke off.
 */
export async function killOnTheWay({ simulators, environment, kills, random }: KillPlan): Promise<Moment[]> {
  const moments: Moment[] = [];
  for (let left = kills; left > 0; left -= 1) {
    const share = simulators.account().lost / (left + 1);
    const program = startProgram('main.js', [COMMAND], environment);
    await takes(simulators, Math.max(1, Math.floor(2 * share * random())), program);
    // The intake takes whole batches: a kill right after one would always meet the same state.
    await wait(random() * 25);
    program.child.kill('SIGKILL');
    expect((await program.ended).signal).toBe('SIGKILL');
    // What was sent whole before the kill is still taken after it.
    await wait(100);
    moments.push(momentOf(simulators));
  }
  return moments;
}
