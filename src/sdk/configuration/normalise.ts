import { typesOf, type SettingSchema } from './schema.js';

/** Forms send null or blanks for what was left empty: they count as absent. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/**
 * Brings a value into the form its schema asks for, where nothing is lost by it: numbers and booleans written as text
 * (environment and flags know nothing else), a choice in another case, newlines at the end of a text. Whatever else is
 * wrong is left for the validator to name.
 */
export function normalise(value: unknown, setting: SettingSchema): unknown {
  if (typeof value !== 'string') return value;
  const types = typesOf(setting);
  if (types.length > 0 && !types.includes('string')) return coerce(value.trim(), types) ?? value;
  return chosen(value.trim(), setting) ?? value.replace(/[\r\n]+$/, '');
}

function coerce(text: string, types: readonly string[]): number | boolean | undefined {
  if (types.includes('integer') || types.includes('number')) {
    const number = Number(text);
    // '1e3', '010' and '0x10' may not mean what they say, and 2^53 + 1 cannot be held: only what reads back the same.
    if (String(number) === text && Number.isFinite(number)) return number;
  }
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return undefined;
}

function chosen(text: string, setting: SettingSchema): string | undefined {
  const wanted = text.toLowerCase();
  return setting.enum?.find(
    (choice): choice is string => typeof choice === 'string' && choice.toLowerCase() === wanted,
  );
}
