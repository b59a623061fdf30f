import { describe, expect, it } from '@jest/globals';

import { type ErrorCode, ModuleError } from '../../../../src/sdk/errors.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { StreamBoard } from '../../../../src/sdk/streams/stream-board.js';
import { RecordingLog } from '../../../support/recording-log.js';

const CAUGHT_UP: PipelineEvent = { kind: 'caught-up', toMs: 0, events: 0, durationMs: 0 };
const failed = (code: ErrorCode): PipelineEvent => {
  return { kind: 'cycle-failed', error: new ModuleError(code, 'no'), delayMs: 0 };
};

describe('StreamBoard', () => {
  it('says critical, once, when only an operator can mend any of them', () => {
    const log = new RecordingLog();
    const board = new StreamBoard(2, log.log);
    board.hear(failed('SOURCE_CREDENTIAL_REFUSED'), 'one');
    expect(log.lines).toEqual([]);
    board.hear(failed('SOURCE_CREDENTIAL_REFUSED'), 'two');
    board.hear(failed('SOURCE_CREDENTIAL_REFUSED'), 'one');
    expect(log.at('critical')).toEqual(['None of 2 organizations can be collected: no']);
    board.hear(CAUGHT_UP, 'one');
    board.hear(failed('SOURCE_ROLE_REFUSED'), 'one');
    expect(log.at('critical')).toHaveLength(2);
  });

  it('says nothing while one of them works, or may work again by itself', () => {
    const log = new RecordingLog();
    const board = new StreamBoard(2, log.log);
    board.hear(failed('SOURCE_ROLE_REFUSED'), 'one');
    board.hear(failed('SOURCE_UNAVAILABLE'), 'two');
    board.hear(CAUGHT_UP, 'one');
    board.hear(failed('SOURCE_ROLE_REFUSED'), 'two');
    expect(log.lines).toEqual([]);
  });
});
