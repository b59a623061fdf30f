import { describe, expect, it } from '@jest/globals';

import { READ_MEMORY_BYTES, ReadMemory } from '../../../../src/sdk/http/read-memory.js';

describe('memory to read into', () => {
  it('is nobody else’s until all who hold it have let go of it', () => {
    const [one, other] = [ReadMemory.take(), ReadMemory.take()];
    expect(one).not.toBe(other);
    one.hold();
    one.release();
    const third = ReadMemory.take();
    expect([one, other]).not.toContain(third);
    one.release();
    expect(ReadMemory.take()).toBe(one);
    for (const memory of [one, other, third]) memory.release();
  });

  it('is known by what begins with it', () => {
    const memory = ReadMemory.take();
    expect(memory.bytes).toHaveLength(READ_MEMORY_BYTES);
    expect(ReadMemory.of(memory.bytes.subarray(0, 10))).toBe(memory);
    expect(ReadMemory.of(memory.bytes.subarray(1))).toBeUndefined();
    expect(ReadMemory.of(Buffer.alloc(10))).toBeUndefined();
    memory.release();
  });
});
