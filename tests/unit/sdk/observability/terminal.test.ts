import { describe, expect, it } from '@jest/globals';

import { outputStyle } from '../../../../src/sdk/observability/terminal.js';
import { RecordingStream } from '../../../support/recording-stream.js';

const terminal = Object.assign(new RecordingStream(), { isTTY: true });

describe('outputStyle', () => {
  it('is plain for anything but a terminal', () => {
    expect(outputStyle(new RecordingStream(), {})).toEqual({ human: false, colours: false });
  });

  it.each([
    [{}, true],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('on a terminal with %j has colours: %s', (environment, colours) => {
    expect(outputStyle(terminal, environment)).toEqual({ human: true, colours });
  });
});
