import type { Simulators } from '../simulators/serve.js';

/** What was shown, and what arrived of it. */
export type SimulatedAccount = Pick<
  ReturnType<Simulators['account']>,
  'held' | 'delivered' | 'lost' | 'duplicated' | 'unknown'
>;

/** Both ends of the wire, whoever's they are. */
export interface StartedSimulators {
  /** For machines. */
  readonly addresses: Readonly<Record<string, string>>;
  /** For people. */
  readonly rows: readonly (readonly string[])[];
  /** A module configuration that works with them. */
  readonly account: object;
  /** Arguments that work with them. */
  readonly arguments: object;
  drawUp(): SimulatedAccount;
  close(): Promise<void>;
}
