import TestSequencer from '@jest/test-sequencer';

/** Minutes long, most of it waiting: begun last, they would be waited for with nothing else to do. */
const SLOW = /\/tests\/(simulation|chaos|e2e)\//;

/** On a fresh clone nothing is known of how long tests take; this much is known. */
export default class SlowFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => (SLOW.test(path) ? 0 : 1);
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
