import { runModule } from 'sekoia-jumpcloud-directory-insights/sdk';

import { sekoiaModule } from './module.js';

// The container's entry point: `node dist/main.js OktaSystemLogConnector`.
await runModule(sekoiaModule);
