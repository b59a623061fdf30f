const SLAB_BYTES = 16 * 1024 * 1024;
const COMMA = 0x2c;

/** Texts side by side in a few large buffers, each followed by a comma. Texts are numbered from 0 as they come. */
export interface TextSlabs {
  add(text: string): void;
  /** A text, UTF-8, as a view of the buffer that holds it. */
  text(index: number): Buffer;
  /** The texts, separated by commas, in square brackets. */
  renderArray(indexes: readonly number[]): Buffer;
}

/** Creates an empty store of texts. */
export function createTextSlabs(): TextSlabs {
  const slabs: Buffer[] = [];
  const slabOf: number[] = [];
  const offsets: number[] = [];
  const lengths: number[] = [];
  let free = 0;

  const locate = (index: number): { slab: Buffer; from: number; to: number } => {
    const from = offsets[index] as number;
    return { slab: slabs[slabOf[index] as number] as Buffer, from, to: from + (lengths[index] as number) };
  };

  return {
    add(text) {
      const bytes = Buffer.byteLength(text);
      let slab = slabs.at(-1);
      if (slab === undefined || free + bytes + 1 > slab.byteLength) {
        slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes + 1));
        slabs.push(slab);
        free = 0;
      }
      slab.write(text, free);
      slab[free + bytes] = COMMA;
      slabOf.push(slabs.length - 1);
      offsets.push(free);
      lengths.push(bytes);
      free += bytes + 1;
    },
    text(index) {
      const { slab, from, to } = locate(index);
      return slab.subarray(from, to);
    },
    renderArray(indexes) {
      if (indexes.length === 0) return Buffer.from('[]');
      let bytes = 1;
      for (const index of indexes) bytes += (lengths[index] as number) + 1;
      const rendered = Buffer.allocUnsafeSlow(bytes);
      rendered[0] = 0x5b;
      let at = 1;
      for (let next = 0; next < indexes.length;) {
        const { slab, from, to } = locate(indexes[next++] as number);
        let end = to + 1;
        // Neighbours in the buffer are copied together, with their commas.
        while (next < indexes.length) {
          const neighbour = locate(indexes[next] as number);
          if (neighbour.slab !== slab || neighbour.from !== end) break;
          end = neighbour.to + 1;
          next++;
        }
        at += slab.copy(rendered, at, from, end);
      }
      rendered[bytes - 1] = 0x5d;
      return rendered;
    },
  };
}
