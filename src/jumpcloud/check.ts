import { ModuleError } from '../sdk/errors.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import type { ConnectorSettings } from './settings.js';
export async function* checkConnector(_s: ConnectorSettings, _c: CheckContext): AsyncGenerator<CheckResult> {
  await Promise.resolve();
  throw new ModuleError('SOURCE_UNREACHABLE', 'not yet');
}
