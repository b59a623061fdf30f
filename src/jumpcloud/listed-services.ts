import { KNOWN_SERVICES } from './services.js';

/** With fewer known names a message is no list of services. */
const FEWEST_KNOWN = 3;

/**
 * The services that a refusal lists (Directory Insights API, 'Services': an unknown name is answered by the supported ones, in
 * a shape that is not documented). Known names show where the list is; its neighbours, joined as these are, belong to it.
 * @param asked the name that was refused, which the message may repeat
 * @returns without `all`; undefined where the message holds no such list
 */
export function readListedServices(message: string, asked: string): readonly string[] | undefined {
  const words = [...message.matchAll(/[a-z][a-z0-9_]*/g)]
    .map(({ 0: name, index }) => ({ name, from: index, to: index + name.length }))
    .filter(({ name }) => name !== asked);
  const isKnown = ({ name }: { readonly name: string }): boolean => name === 'all' || KNOWN_SERVICES.includes(name);
  const between = (at: number): string | undefined => {
    const [left, right] = [words[at], words[at + 1]];
    return left && right && message.slice(left.to, right.from).replace(/\s+/g, '');
  };
  let [first, last] = [words.findIndex(isKnown), words.findLastIndex(isKnown)];
  if (words.filter(isKnown).length < FEWEST_KNOWN) return undefined;
  const separator = between(first);
  while (first > 0 && between(first - 1) === separator) first -= 1;
  while (last < words.length - 1 && between(last) === separator) last += 1;
  const names = words.slice(first, last + 1).map(({ name }) => name);
  return [...new Set(names)].filter((name) => name !== 'all' && name !== 'and' && name !== 'or');
}
