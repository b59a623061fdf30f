import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './json-text.js';

/** Deeper than anything that is read here: our own state has six levels, answers have three. */
const DEEPEST = 64;

/**
 * Whether lists and objects of a JSON text stand inside each other more than 64 times. To be asked before a text of
 * somebody else is parsed: the parser takes seconds over millions of levels, and whoever walks over them or writes them
 * again runs out of stack. Texts with few brackets, which is nearly all of them, cost next to nothing.
 */
export function isTooDeep(text: string): boolean {
  return hasMany('[', text) || hasMany('{', text) ? reachesTooDeep(text) : false;
}

/** Too few of both together to stand too deep, where there are not many of either. */
function hasMany(bracket: string, text: string): boolean {
  let at = -1;
  for (let found = 0; found <= DEEPEST / 2; found += 1) {
    at = text.indexOf(bracket, at + 1);
    if (at < 0) return false;
  }
  return true;
}

function reachesTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (isInString) {
      if (unit === BACKSLASH) at += 1;
      else if (unit === QUOTE) isInString = false;
    } else if (unit === QUOTE) {
      isInString = true;
    } else if (unit === OPEN_ARRAY || unit === OPEN_OBJECT) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (unit === CLOSE_ARRAY || unit === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
  return false;
}
