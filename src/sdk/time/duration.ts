/** Units that a duration may be written in, largest first, with their length in milliseconds. */
const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** What a reader is told when a text is no duration. */
export const DURATION_SYNTAX = 'a number and a unit (ms, s, m, h, d or w), such as 90m or 1h30m';

const DURATION = new RegExp(`^${UNITS.map(([unit]) => `(?:(\\d{1,15})${unit})?`).join('')}$`);

/**
 * Reads a duration such as `45s`, `6h` or `1h30m`: whole numbers with units, the larger unit first. Case and blanks do
 * not matter. A number without a unit is refused, since the reader could not know which one was meant.
 * @returns milliseconds; undefined where the text is no such thing or is too long to be counted exactly.
 */
export function parseDuration(text: string): number | undefined {
  const compact = text.replace(/\s+/g, '').toLowerCase();
  const amounts = DURATION.exec(compact)?.slice(1);
  if (compact === '' || amounts === undefined) return undefined;
  const ms = UNITS.reduce((sum, [, unitMs], index) => sum + Number(amounts[index] ?? 0) * unitMs, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/**
 * Writes a duration the shortest way that reads back the same: `90m` is `1h30m`, and nothing is `0s`. Weeks are
 * written as days, as people say '90 days'.
 * @param durationMs a whole number of milliseconds, not negative.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = durationMs;
  let text = '';
  for (const [unit, unitMs] of UNITS.slice(1)) {
    const amount = Math.floor(rest / unitMs);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * unitMs;
  }
  return text;
}
