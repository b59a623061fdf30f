import { expect, it } from '@jest/globals';

import { STREAM_ONLY } from '../../../../src/sdk/observability/log.js';
import { streamLog } from '../../../../src/sdk/streams/stream-log.js';
import { RecordingLog } from '../../../support/recording-log.js';

const STREAM = { id: '5f1e0c2d9a4b7c6d8e9f0a1b', name: 'Example Corp' };

it('names the stream in each line, and shows no more of its id than the end', () => {
  const { log, lines } = new RecordingLog();
  streamLog(log, STREAM).info(`in /data/organizations/${STREAM.id}`, {
    stream: `of ${STREAM.id}`,
    events: 3,
    [STREAM_ONLY]: true,
  });
  expect(lines).toEqual([
    {
      level: 'info',
      message: 'in /data/organizations/…0a1b',
      fields: { stream: 'of …0a1b', events: 3, organization: 'Example Corp', [STREAM_ONLY]: true },
    },
  ]);
});

it('has an error where a connector alone would say that it has to be stopped', () => {
  const recorded = new RecordingLog();
  streamLog(recorded.log, STREAM).critical('refused');
  expect(recorded.at('critical')).toEqual([]);
  expect(recorded.at('error')).toEqual(['refused']);
});
