/** The settings of a running trigger, in which secrets may be replaced meanwhile. All others stay those of its start. */
export interface HeldSettings<Settings> {
  /** With the secrets of now: to be asked for with each request that shows one. Looks for other ones every few minutes. */
  latest(): Promise<Settings>;
  /** Looks for other ones now, as after a refusal. */
  refresh(): Promise<void>;
}

/** Settings whose secrets nobody replaces. */
export function unchanging<Settings>(settings: Settings): HeldSettings<Settings> {
  return { latest: () => Promise.resolve(settings), refresh: () => Promise.resolve() };
}

/** A part of settings that are held. */
export function heldPart<Settings, Part>(
  held: HeldSettings<Settings>,
  pick: (settings: Settings) => Part,
): HeldSettings<Part> {
  return { latest: async () => pick(await held.latest()), refresh: () => held.refresh() };
}
