import { createUndiciTransport } from './http/undici-transport.js';
import type { Window } from './pipeline/source.js';
import { Stop } from './stop.js';
import { systemClock, systemRandom } from './system.js';
import type { Trigger, TriggerConfiguration } from './trigger.js';

/** A failing question is put again for so long. */
const RETRY_FOR_MS = 5_000;

/**
 * Reads what a trigger's source shows of a window, over real connections: for a connector's own tests, against its simulator.
 * @param configuration complete, as its schemas would have it; nothing is sent to the intake it names
 * @returns the texts of the events, in the order of the source, repeats included
 * @throws ConfigurationError, or ModuleError where the source cannot be read
 */
export async function readEvents<Settings>(
  trigger: Trigger<Settings>,
  configuration: TriggerConfiguration,
  window: Window,
): Promise<string[]> {
  const { settings } = trigger.configure(configuration, systemClock.now());
  const transport = createUndiciTransport();
  const stop = new Stop();
  const log = { debug: quiet, info: quiet, warning: quiet, error: quiet, critical: quiet };
  const world = { clock: systemClock, random: systemRandom, transport, log, stop };
  if (trigger.connect === undefined) throw new TypeError(`${trigger.command} has no source that is asked for times`);
  const { source } = trigger.connect(settings, { ...world, once: true, retryForMs: RETRY_FOR_MS });
  const texts: string[] = [];
  try {
    for await (const { events } of source.read(window, stop.requested)) {
      for (let index = 0; index < events.count; index += 1) texts.push(Buffer.from(events.text(index)).toString());
    }
    return texts;
  } finally {
    await transport.close();
  }
}

function quiet(): void {
  // What a test wants to know is what it reads.
}
