import { setFlagsFromString } from 'node:v8';

import { HAS_INTERRUPT_BUDGET, IS_TRIED_V8 } from './tried-v8.js';

/**
 * Makes V8 collect garbage sooner, optimise later, and take no second look at WebAssembly. By itself it lets three times as
 * much lie about as is in use, which shows as memory of the process; and in a large young generation the buffers that answers
 * arrived in are kept long after they were read (docs/performance.md). Of WebAssembly there is undici's parser, which is quick
 * enough as it is: to optimise it takes a third of a second on another thread, and 30 MB. Our own is optimised when it is
 * loaded (json/kernel/compile.ts). V8 11 optimises a function once it has run three times as long as it would have it: fewer
 * are, on more evidence; later versions have a cheaper compiler before the last one.
 *
 * To be called before all else is loaded: the young generation stays as large as loading has made it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=120');
  if (HAS_INTERRUPT_BUDGET) setFlagsFromString('--interrupt-budget=200000');
  if (!IS_TRIED_V8) return;
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
}
