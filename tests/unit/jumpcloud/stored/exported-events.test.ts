import { gzipSync } from 'node:zlib';

import { expect, it } from '@jest/globals';

import { restoreKeys } from '../../../../src/jumpcloud/stored/restore-keys.js';
import { readStoredEvents } from '../../../../src/sdk/stored/read-stored-events.js';
import { inPieces } from '../../../support/read-stored.js';
import { type ApiEvent, descending, LAYOUTS, sanitised } from '../../../support/stored-fixtures.js';

it('gives the events of an exporter for Google Cloud the keys of the API', async () => {
  const events = descending([
    { id: 'a', timestamp: '2030-01-02T03:04:05Z', '@version': '1', service: 'sso', mfa: true },
    { id: 'b', timestamp: '2030-01-02T03:04:06Z', '@version': '1', service: 'directory', changes: [{ field: 'a.b' }] },
  ]);
  const { content } = LAYOUTS.ndjson(events.map((event) => sanitised(event) as ApiEvent));
  const texts: string[] = [];
  const onFault = (): void => {
    texts.push('fault');
  };
  const pieces = inPieces(gzipSync(content, { level: 9 }), [20]);
  for await (const run of readStoredEvents(pieces, { restore: restoreKeys, onFault })) {
    for (let index = 0; index < run.count; index += 1) texts.push(Buffer.from(run.text(index)).toString());
  }
  expect(texts).toEqual(LAYOUTS.ndjson(events).texts);
});
