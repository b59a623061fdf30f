import type { SettingsSchema } from '../../src/sdk/configuration/schema.js';
import { ConfigurationError } from '../../src/sdk/errors.js';
import { RecordingDestination } from './recording-destination.js';
import { ScriptedSource } from './scripted-source.js';
import type { TriggerRegistration } from '../../src/sdk/registration.js';
import type { Destination } from '../../src/sdk/pipeline/destination.js';
import type { CheckResult, DestinationContext, Trigger, TriggerContext } from '../../src/sdk/trigger.js';

export interface ScriptedSettings {
  readonly key: string;
  readonly pace: number;
  readonly intakeUrl: string | undefined;
}

const moduleSchema: SettingsSchema = {
  type: 'object',
  properties: { key: { type: 'string', 'x-secret': true }, host: { type: 'string', default: 'example.test' } },
  required: ['key'],
};

const argumentsSchema: SettingsSchema = {
  type: 'object',
  properties: {
    pace: { type: 'integer', minimum: 1, default: 5, description: 'How fast', 'x-unit': 'seconds' },
    log_level: { type: 'string', enum: ['debug', 'info', 'warning', 'error'], default: 'info' },
  },
};

/** A trigger that does what a test says, and remembers what it was given. */
export function scriptedTrigger(
  behaviour: {
    run?: (settings: ScriptedSettings, context: TriggerContext) => Promise<void>;
    checks?: readonly CheckResult[];
    destination?: (context: DestinationContext) => Destination;
  } = {},
): TriggerRegistration & { readonly runs: { settings: ScriptedSettings; context: TriggerContext }[] } {
  const runs: { settings: ScriptedSettings; context: TriggerContext }[] = [];
  const trigger: Trigger<ScriptedSettings> = {
    command: 'ScriptedTrigger',
    configure({ module, arguments: args, intakeUrl }) {
      if (args['pace'] === 13) throw new ConfigurationError([{ setting: 'arguments.pace', problem: 'is unlucky' }]);
      if (intakeUrl === 'nowhere') throw new ConfigurationError([{ setting: 'intake_url', problem: 'leads nowhere' }]);
      const settings = { key: String(module['key']), pace: Number(args['pace']), intakeUrl };
      return { settings, warnings: args['pace'] === 1 ? ['arguments.pace: hasty'] : [], secrets: [settings.key] };
    },
    profile: ({ key, pace }) => ({ vendor: 'scripted', intakeKey: key, paceMs: pace * 1000 }),
    async run(settings, context) {
      runs.push({ settings, context });
      await behaviour.run?.(settings, context);
    },
    connect(_, { clock }) {
      return {
        source: new ScriptedSource({ events: [], now: () => clock.now() }),
        destination: new RecordingDestination(),
        listener: () => undefined,
        stream: 'scripted',
        startFromMs: 0,
        frequencyMs: 60_000,
        overlapMs: 0,
        settlingHorizonMs: 86_400_000,
        reconcileEveryMs: 300_000,
        retentionMs: 86_400_000,
      };
    },
    ...(behaviour.destination && {
      openDestination: (_: ScriptedSettings, context: DestinationContext) => behaviour.destination!(context),
    }),
    async *check() {
      yield* behaviour.checks ?? [];
    },
  };
  return { trigger, moduleSchema, argumentsSchema, runs };
}

/** A run that ends when it is asked to stop. */
export async function runUntilStopped(_: ScriptedSettings, { stop }: TriggerContext): Promise<void> {
  await new Promise((resolve) => stop.requested.addEventListener('abort', resolve));
}

/** A run that ends only when it is forced to stop, as an aborted delivery does. */
export async function runUntilForced(_: ScriptedSettings, { stop }: TriggerContext): Promise<void> {
  await new Promise((_resolve, reject) => {
    stop.forced.addEventListener('abort', () => reject(Object.assign(new Error('Stopped'), { name: 'AbortError' })));
  });
}
