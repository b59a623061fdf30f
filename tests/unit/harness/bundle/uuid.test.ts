import { expect, it } from '@jest/globals';

import { UUID, uuidV5 } from '../../../../src/harness/bundle/uuid.js';

it.each([
  ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com', '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
  [
    'fb8568bd-8b80-4c84-bde4-2d24275ce34f',
    'JumpcloudDirectoryInsightsConnector',
    '5de877fd-effb-5ebc-9358-8df26c06a140',
  ],
])('in the namespace %s, %s is %s', (namespace, name, uuid) => {
  expect(uuidV5(namespace, name)).toBe(uuid);
  expect(uuid).toMatch(UUID);
});
