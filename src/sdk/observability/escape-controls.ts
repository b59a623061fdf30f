/**
 * Control characters of both kinds, line separators, and what turns the direction of writing: a text with those can be shown
 * as another one.
 */
const CONTROLS =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Shows the control characters of a text instead of obeying them; line breaks and tabs stay. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
