import type { Environment } from '../ports.js';
import { isJsonObject } from './json.js';

/** A value with its references replaced. */
export interface Expansion {
  readonly value: unknown;
  /** Names of the variables that were used, in order, each once. */
  readonly variables: readonly string[];
  /** What could not be replaced, one sentence each. With any, `value` is not to be used. */
  readonly problems: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${NAME}` in every text inside a value by that environment variable; `$${` stands for `${` itself. What a
 * variable holds is not looked at again. A variable that is not set is a problem; one that is set to nothing is not.
 */
export function expandReferences(value: unknown, environment: Environment): Expansion {
  const variables = new Set<string>();
  const problems = new Set<string>();

  function expandText(text: string): string {
    return text.replace(REFERENCE, (whole, name: string | undefined) => {
      if (name === undefined) return '${';
      if (!whole.endsWith('}') || !NAME.test(name)) {
        problems.add('holds ${ without a variable name and } behind it: write ${NAME}, or $${ for ${ itself');
        return '';
      }
      const found = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (found === undefined) problems.add(`environment variable ${name} is not set`);
      variables.add(name);
      return found ?? '';
    });
  }

  function expand(node: unknown): unknown {
    if (typeof node === 'string') return expandText(node);
    if (Array.isArray(node)) return node.map(expand);
    if (!isJsonObject(node)) return node;
    return Object.fromEntries(Object.entries(node).map(([name, member]) => [name, expand(member)]));
  }

  return { value: expand(value), variables: [...variables], problems: [...problems] };
}
