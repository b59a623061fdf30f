import type { Incident } from './scenario.js';

type Spanned = Extract<Incident, { readonly fromMs: number; readonly untilMs: number }>;
type On = Spanned['on'];

/** Says which incident concerns what is asked just now, and counts those that happen so many times only. */
export class IncidentBoard {
  readonly #left: { readonly incident: Spanned; times: number }[];

  constructor(incidents: readonly Incident[]) {
    this.#left = incidents.flatMap((incident) =>
      'untilMs' in incident ? [{ incident, times: incident.times ?? Infinity }] : [],
    );
  }

  /** The first incident of a kind that is on; it has happened once more then. */
  take<Kind extends On>(
    on: Kind,
    nowMs: number,
    concerns: (incident: Extract<Spanned, { on: Kind }>) => boolean = () => true,
  ): Extract<Spanned, { on: Kind }> | undefined {
    for (const entry of this.#left) {
      const { incident } = entry;
      if (incident.on !== on || entry.times === 0 || nowMs < incident.fromMs || nowMs >= incident.untilMs) continue;
      const found = incident as Extract<Spanned, { on: Kind }>;
      if (!concerns(found)) continue;
      entry.times -= 1;
      return found;
    }
    return undefined;
  }

  /** Whether one of a kind is on, without its happening. */
  isOn(on: On, nowMs: number): boolean {
    return this.#left.some(
      ({ incident, times }) => incident.on === on && times > 0 && nowMs >= incident.fromMs && nowMs < incident.untilMs,
    );
  }
}
