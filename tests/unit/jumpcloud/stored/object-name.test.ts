import { describe, expect, it } from '@jest/globals';

import { readObjectName } from '../../../../src/jumpcloud/stored/object-name.js';

const BOUNDS = { fromMs: Date.UTC(2030, 0, 2, 3), toMs: Date.UTC(2030, 0, 2, 3, 7, 30, 500) };
const TIMES = '2030-01-02T03-00-00Z_2030-01-02T03-07-30.500000Z';
const ORGANIZATION = '5e36177f4560c1e448b9ff6e';

describe('the name of an exported object', () => {
  it('says what was asked for', () => {
    for (const [name, organization, service] of [
      [`jc_directoryinsights_sso_${TIMES}.json.gz`, undefined, 'sso'],
      [`jc_directoryinsights_access_management_${TIMES}.json.gz`, undefined, 'access_management'],
      [`jc_directoryinsights_${ORGANIZATION}_all_${TIMES}.json.gz`, ORGANIZATION, 'all'],
      [
        `archive/2030/jc_directoryinsights_${ORGANIZATION}_password_manager_${TIMES}.json`,
        ORGANIZATION,
        'password_manager',
      ],
      // Before 3.0.
      [`jc_directoryinsights_${TIMES}.json.gz`, undefined, undefined],
    ] as const) {
      expect(readObjectName(name)).toEqual({ organization, service, ...BOUNDS });
    }
  });

  it('is not read where it is another', () => {
    for (const name of [
      '',
      'jc_directoryinsights_sso.json.gz',
      `other_${TIMES}.json.gz`,
      `jc_directoryinsights_sso_${TIMES}.csv`,
      'jc_directoryinsights_sso_2030-01-02T03:00:00Z_2030-01-02T04:00:00Z.json.gz',
      'jc_directoryinsights_sso_2030-13-02T03-00-00Z_2030-01-02T04-00-00Z.json.gz',
    ]) {
      expect(readObjectName(name)).toBeUndefined();
    }
  });
});
