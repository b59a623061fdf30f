import { defineModule, type SekoiaModule } from 'sekoia-jumpcloud-directory-insights/sdk';

import { oktaSystemLog } from './connector.js';
import { startSimulator } from './simulator.js';

/** What the platform (main.ts) and the runner (`sekoia-module`) run. */
export const sekoiaModule: SekoiaModule = defineModule({
  directory: new URL('..', import.meta.url),
  triggers: [oktaSystemLog],
  startSimulator,
});
