import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { FailureReport } from '../../../../src/sdk/lanes/failure-report.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';

const HOUR_MS = 3_600_000;
const unreachable = new ModuleError('SOURCE_UNREACHABLE', 'no answer');
const refused = new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'no');

function reporting() {
  const clock = new ManualClock();
  const recording = new RecordingLog();
  const report = new FailureReport(recording.log, clock);
  const tell = (error: ModuleError, level: 'warning' | 'error' | 'critical'): void =>
    report.tell(error, error.message, { level, fields: { code: error.code } });
  return { clock, recording, report, tell };
}

describe('a report of failures', () => {
  it('tells a trouble once, and again after an hour', async () => {
    const { clock, recording, tell } = reporting();
    for (let minute = 0; minute <= 60; minute += 20) {
      tell(unreachable, 'warning');
      await clock.advance(HOUR_MS / 3);
    }
    expect(recording.lines.map(({ level }) => level)).toEqual(['warning', 'debug', 'debug', 'warning']);
    expect(recording.lines[0]).toMatchObject({ message: 'no answer', fields: { code: 'SOURCE_UNREACHABLE' } });
  });

  it('tells at once what is another trouble, or has become worse', () => {
    const { recording, tell } = reporting();
    tell(unreachable, 'warning');
    tell(unreachable, 'error');
    tell(refused, 'critical');
    tell(refused, 'critical');
    expect(recording.lines.map(({ level }) => level)).toEqual(['warning', 'error', 'critical', 'debug']);
  });

  it('says whether there was a trouble that is over, once', () => {
    const { recording, report, tell } = reporting();
    expect(report.clear()).toBe(false);
    tell(unreachable, 'warning');
    expect(report.clear()).toBe(true);
    expect(report.clear()).toBe(false);
    tell(unreachable, 'warning');
    expect(recording.at('warning')).toHaveLength(2);
  });
});
