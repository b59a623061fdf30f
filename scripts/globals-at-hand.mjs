import { createHash } from 'node:crypto';
import swc from '@swc/jest';

/** What the language gives, which no test replaces. */
const GLOBALS = [
  ...['Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'DataView', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object'],
  ...['Promise', 'RangeError', 'RegExp', 'Set', 'String', 'Symbol', 'SyntaxError', 'TypeError', 'WeakMap', 'WeakSet'],
  ...['BigInt64Array', 'BigUint64Array', 'Float64Array', 'Int32Array', 'Uint16Array', 'Uint32Array', 'Uint8Array'],
  ...['Buffer', 'TextDecoder', 'TextEncoder'],
];

/**
 * Jest runs each test file in a context of its own, where every use of a global is a slow call: what computes takes half as
 * long again or twice. As constants of the module, globals are looked up once.
 */
function withConstants(result) {
  const used = GLOBALS.filter((name) => new RegExp(`(?<![.\\w$])${name}\\b`).test(result.code));
  // On the first line, so that every line keeps its number.
  return used.length === 0 ? result : { ...result, code: `const { ${used.join(', ')} } = globalThis; ${result.code}` };
}

export default {
  createTransformer(options) {
    const inner = swc.createTransformer(options);
    return {
      ...inner,
      getCacheKey: (...what) =>
        createHash('sha256')
          .update(`${inner.getCacheKey(...what)} ${GLOBALS.join()}`)
          .digest('hex'),
      process: (...what) => withConstants(inner.process(...what)),
      processAsync: async (...what) => withConstants(await inner.processAsync(...what)),
    };
  },
};
