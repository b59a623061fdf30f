import { describe, expect, it } from '@jest/globals';

import { linkTo } from '../../../../src/sdk/source/link-header.js';

describe('linkTo', () => {
  it.each([
    ['<https://a.test/x?after=1>; rel="next"', 'https://a.test/x?after=1'],
    ['<https://a.test/x>; rel="self", <https://a.test/x?after=1,2;3>; rel="next"', 'https://a.test/x?after=1,2;3'],
    ['<https://a.test/1>; title="a; b"; rel=next', 'https://a.test/1'],
    ['</x?page=2>;REL="last next"', '/x?page=2'],
  ])('finds the next page in %s', (header, expected) => {
    expect(linkTo(header, 'next')).toBe(expected);
  });

  it.each([undefined, '', 'nonsense', '<https://a.test/x>; rel="self"', '<https://a.test/x>; rel="nextish"', '<x>'])(
    'finds none in %s',
    (header) => {
      expect(linkTo(header, 'next')).toBeUndefined();
    },
  );
});
