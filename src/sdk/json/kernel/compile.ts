import { setFlagsFromString } from 'node:v8';

import { IS_TRIED_V8 } from '../../tried-v8.js';
import { KERNEL } from './kernel.generated.js';

declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
};

/**
 * The kernel's code, optimised at once, which takes V8 some 15 ms. By itself V8 compiles WebAssembly quickly first, and again
 * once it has run for a while; `keepHeapSmall` turns that off.
 */
export function compiledKernel(): object {
  const code = Buffer.from(KERNEL, 'base64');
  if (!IS_TRIED_V8) return new WebAssembly.Module(code);
  setFlagsFromString('--no-liftoff');
  setFlagsFromString('--no-wasm-lazy-compilation');
  try {
    return new WebAssembly.Module(code);
  } finally {
    setFlagsFromString('--liftoff');
    setFlagsFromString('--wasm-lazy-compilation');
  }
}
