import type { FuzzCase } from './draw-text.js';

/** Leaves out whatever can be left out while the case still fails: pieces first, then bytes, in ever smaller stretches. */
export function shrinkCase(failing: FuzzCase, fails: (smaller: FuzzCase) => boolean): FuzzCase {
  // Of a text with something left out, only JSON.parse tells what it is.
  let smallest: FuzzCase = failing;
  const attempt = (smaller: FuzzCase): boolean => {
    const isSmaller = fails(smaller);
    if (isSmaller) smallest = smaller;
    return isSmaller;
  };
  for (let index = smallest.cuts.length - 1; index >= 0; index -= 1) {
    attempt({ ...smallest, cuts: smallest.cuts.toSpliced(index, 1) });
  }
  for (let length = failing.bytes.length >> 1; length > 0; length >>= 1) {
    for (let at = 0; at + length <= smallest.bytes.length;) {
      if (!attempt(without(smallest, at, length))) at += length;
    }
  }
  return smallest;
}

function without({ bytes, cuts }: FuzzCase, at: number, length: number): FuzzCase {
  const moved = cuts.map((cut) => (cut <= at ? cut : Math.max(at, cut - length)));
  return {
    bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
    cuts: moved,
    events: undefined,
  };
}
