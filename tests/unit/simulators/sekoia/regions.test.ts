import { afterEach, describe, expect, it } from '@jest/globals';

import { intakeBasePath, REGIONS } from '../../../../src/simulators/sekoia/regions.js';
import { batch, closeAll, push, startIntake } from '../support.js';

afterEach(closeAll);

describe('the intake of a region', () => {
  it.each(REGIONS)('%s is served below its path, and nowhere else', async (region) => {
    const intake = await startIntake({ basePath: intakeBasePath(region) });
    expect(new URL(intake.url).pathname).toBe(region === 'FRA1' ? '/' : '/api/v1/intake-http');
    expect((await push(intake, batch(['{}']))).status).toBe(200);
    const elsewhere = { url: region === 'FRA1' ? `${intake.url}/api/v1/intake-http` : new URL(intake.url).origin };
    expect((await push({ ...intake, ...elsewhere }, batch(['{}']))).status).toBe(404);
  });
});
