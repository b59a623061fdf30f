import { ConfigurationError } from '../sdk/errors.js';
import type { SourceSimulator, SourceSimulatorOptions } from '../sdk/source-simulator.js';
import type { HarnessWorld } from './world.js';

/**
 * Starts the simulator of a module that is not this package's own.
 * @throws ConfigurationError where it has none
 */
export function startModuleSimulator(
  { module }: Pick<HarnessWorld, 'module'>,
  options: SourceSimulatorOptions,
): Promise<SourceSimulator> {
  if (module?.startSimulator !== undefined) return module.startSimulator(options);
  const problem = 'this module has no simulator of its source: give defineModule a startSimulator';
  throw new ConfigurationError([{ setting: 'sekoiaModule', problem }]);
}
