import type { NetworkFault } from '../network/network-fault.js';

export type Side = 'jumpcloud' | 'intake';

/** One thing that goes wrong. */
export type Incident =
  | { readonly kind: 'kill'; readonly pauseMs: number }
  /** A calm one waits until nothing else is wrong: then nothing excuses another status than 0. */
  | { readonly kind: 'terminate'; readonly pauseMs: number; readonly calm: boolean }
  | { readonly kind: 'freeze'; readonly who: 'connector' | 'simulators'; readonly durationMs: number }
  | { readonly kind: 'disk full'; readonly durationMs: number }
  | { readonly kind: 'network'; readonly side: Side; readonly fault: NetworkFault; readonly durationMs: number };

export interface PlannedIncident {
  /** Since the beginning, milliseconds. It waits where an earlier one of its track still lasts. */
  readonly atMs: number;
  readonly incident: Incident;
}

/** What the name of an incident is, for a person and for `--only`. */
export function nameOf(incident: Incident): string {
  switch (incident.kind) {
    case 'freeze':
      return `freeze ${incident.who}`;
    case 'network':
      return incident.fault.kind;
    default:
      return incident.kind;
  }
}

/** One line on an incident, for a person. */
export function describe(incident: Incident): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  switch (incident.kind) {
    case 'kill':
      return `kill -9, started again after ${seconds(incident.pauseMs)}`;
    case 'terminate':
      return `SIGTERM${incident.calm ? ' with nothing else wrong' : ''}, started again after ${seconds(incident.pauseMs)}`;
    case 'freeze':
      return `${incident.who} frozen for ${seconds(incident.durationMs)}`;
    case 'disk full':
      return `disk full for ${seconds(incident.durationMs)}`;
    case 'network':
      return `network to ${incident.side}: ${describeFault(incident.fault)} for ${seconds(incident.durationMs)}`;
  }
}

function describeFault(fault: NetworkFault): string {
  switch (fault.kind) {
    case 'delay':
      return `delay of ${fault.delayMs} ms`;
    case 'throttle':
      return `throttle to ${Math.round(fault.bytesPerSecond / 1000)} kB/s`;
    case 'cut':
      return `cut after ${fault.afterBytes} bytes of ${fault.way === 'answer' ? 'an answer' : 'a request'}`;
    default:
      return fault.kind;
  }
}
