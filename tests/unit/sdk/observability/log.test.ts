import { describe, expect, it } from '@jest/globals';

import {
  createLog,
  LOG_LEVELS,
  type LogOptions,
  type LogRecord,
  STREAM_ONLY,
} from '../../../../src/sdk/observability/log.js';
import { RecordingStream } from '../../../support/recording-stream.js';

const SECRET = 'abc"defg';

function logWith(options: Partial<LogOptions>): { log: ReturnType<typeof createLog>; stream: RecordingStream } {
  const stream = new RecordingStream();
  return { stream, log: createLog({ level: 'debug', human: false, stream, secrets: [SECRET], ...options }) };
}

describe('a log for machines', () => {
  it('writes one JSON line a record, with time, level, message and fields', () => {
    const { log, stream } = logWith({});
    log.info('pushed', { events: 3, side: 'destination', late: false, id: undefined });
    log.critical('cannot work');
    expect(stream.records).toEqual([
      { time: expect.any(String), level: 'info', message: 'pushed', events: 3, side: 'destination', late: false },
      { time: expect.any(String), level: 'critical', message: 'cannot work' },
    ]);
    expect(stream.records[0]!['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('keeps a message of several lines on one', () => {
    const { log, stream } = logWith({});
    log.error('first\nsecond');
    expect(stream.lines).toHaveLength(1);
    expect(stream.records[0]!['message']).toBe('first\nsecond');
  });

  it('is plain text though a message would steer a terminal or turn its direction, and reads the same', () => {
    const { log, stream } = logWith({});
    const message = '\u001b[2J\u009b31m\u202egnp.exe\u2028\u0085';
    log.warning(message, { host: message });
    // eslint-disable-next-line no-control-regex -- none is to be there
    expect(stream.text).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]+$/);
    expect(stream.lines).toHaveLength(1);
    expect(stream.records[0]).toMatchObject({ message, host: message });
  });

  it('blots out secrets in message and fields', () => {
    const { log, stream } = logWith({});
    log.error(`refused ${SECRET}`, {
      url: `https://host/?k=${encodeURIComponent(SECRET)}`,
      body: `{"k":"abc\\"defg"}`,
    });
    expect(stream.text).not.toContain('defg');
    expect(stream.records[0]!['message']).toBe('refused [redacted]');
  });

  it.each(['true', '1234', '":"', 'message'])('stays JSON though the secret is %j', (secret) => {
    const { log, stream } = logWith({ secrets: [secret] });
    log.info('message', { flag: true, count: 1234, quoted: '":"' });
    expect(stream.records).toHaveLength(1);
  });
});

describe('who else is told', () => {
  it('hears the same lines without secrets, but not those that are for the stream only', () => {
    const heard: LogRecord[] = [];
    const { log, stream } = logWith({ level: 'info', sinks: [{ write: (record) => heard.push(record) }] });
    log.debug('detail');
    log.info(`key ${SECRET}`, { url: `https://host/?k=${encodeURIComponent(SECRET)}`, events: 3 });
    log.info('every cycle', { events: 3, [STREAM_ONLY]: true });
    expect(heard).toEqual([
      { level: 'info', message: 'key [redacted]', fields: { url: 'https://host/?k=[redacted]', events: 3 } },
    ]);
    expect(stream.records.map(({ message }) => message)).toEqual(['key [redacted]', 'every cycle']);
    expect(stream.text).not.toContain('stream only');
  });
});

describe('a log level', () => {
  it.each(LOG_LEVELS.map((level, index) => [level, LOG_LEVELS.slice(index)] as const))(
    'of %s writes that and what is more severe',
    (level, written) => {
      const { log, stream } = logWith({ level });
      for (const each of LOG_LEVELS) log[each]('said');
      expect(stream.records.map((record) => record['level'])).toEqual(written);
    },
  );
});

describe('a log for people', () => {
  it('writes time, level, message and the fields that are set', () => {
    const { log, stream } = logWith({ human: true });
    log.warning('slow down', { waitMs: 500, reason: undefined });
    expect(stream.text).toMatch(/^\d\d:\d\d:\d\d WARNING {2}slow down {2}waitMs=500\n$/);
  });

  it('uses colours only when told to', () => {
    const plain = logWith({ human: true });
    plain.log.error('no');
    expect(plain.stream.text).not.toContain('\u001b');
    const coloured = logWith({ human: true, colours: true });
    coloured.log.error('no');
    expect(coloured.stream.text).toContain('\u001b[31mERROR   \u001b[0m no');
  });

  it('blots out secrets in message and fields', () => {
    const { log, stream } = logWith({ human: true });
    log.info(`key ${SECRET}`, { key: SECRET });
    expect(stream.text).toContain('key [redacted]  key=[redacted]');
  });

  it.each(['\u001b[2J', '\r', '\u0007', '\u009b31m', '\u2028'])(
    'shows the control character in %j instead of obeying it',
    (text) => {
      const { log, stream } = logWith({ human: true });
      log.info(`answer: ${text}`);
      expect(stream.text).not.toContain(text.charAt(0));
      expect(stream.text).toMatch(/\\u[0-9a-f]{4}/);
    },
  );

  it('indents further lines, so that none can pass for a record', () => {
    const { log, stream } = logWith({ human: true });
    log.info('answer:\n12:00:00 INFO     all is well');
    expect(stream.lines[1]).toBe('    12:00:00 INFO     all is well');
  });
});
