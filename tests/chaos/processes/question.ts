import type { ChaosAccount } from './chaos-account.js';

/** What the simulators' process can be asked. */
export type Question =
  | { readonly ask: 'addresses' }
  | { readonly ask: 'account'; readonly dataPath: string }
  /** How many requests the API has answered. */
  | { readonly ask: 'requests' }
  | { readonly ask: 'end live events' }
  | { readonly ask: 'add an event' };

/** What it answers. */
export interface Answer {
  readonly addresses: Addresses;
  readonly account: ChaosAccount;
  readonly requests: number;
  readonly 'end live events': 'done';
  readonly 'add an event': 'done';
}

export interface Addresses {
  readonly jumpcloudPort: number;
  readonly intakePort: number;
  readonly apiKey: string;
  readonly intakeKey: string;
}
