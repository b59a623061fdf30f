import { isSecret, type SettingsSchema } from './configuration/schema.js';
import { describeError } from './errors.js';
import type { HeldSettings } from './held-settings.js';
import type { Log } from './observability/log.js';
import type { Clock } from './ports.js';
import type { LoadedTrigger, TriggerRegistration } from './registration.js';

/** How often the configuration is read again where nothing was refused. */
const LOOK_EVERY_MS = 300_000;

export interface Reloading {
  readonly registration: Pick<TriggerRegistration, 'moduleSchema' | 'argumentsSchema'>;
  /** What the run was started with. */
  readonly loaded: LoadedTrigger;
  /** Reads it again from where it came. */
  readonly reread: () => Promise<LoadedTrigger>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  /** Told of the secrets of the configuration that is taken up, before they are used. */
  readonly hide: (secrets: readonly string[]) => void;
}

/**
 * Settings that are read again from where they came: at each refresh, and every few minutes. Secrets that are others then are
 * taken up, if nothing else has changed beside them: a new key must not go to an old address.
 */
export class ReloadedSettings implements HeldSettings<unknown> {
  #loaded: LoadedTrigger;
  #lookedAtMs: number;
  #looking: Promise<void> | undefined;
  /** What was said of what cannot be taken up, until it can be: it is said once. */
  #told: string | undefined;

  constructor(private readonly options: Reloading) {
    this.#loaded = options.loaded;
    this.#lookedAtMs = options.clock.monotonic();
  }

  async latest(): Promise<unknown> {
    if (this.options.clock.monotonic() - this.#lookedAtMs >= LOOK_EVERY_MS) await this.refresh();
    return this.#loaded.settings;
  }

  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { clock, log, hide, reread } = this.options;
    this.#lookedAtMs = clock.monotonic();
    let read: LoadedTrigger;
    try {
      read = await reread();
    } catch (thrown) {
      this.#tell(`The configuration cannot be read again, the secrets in use stay: ${describeError(thrown)}`);
      return;
    }
    const { secrets, others } = this.#changes(read);
    if (others.length > 0) {
      const besides = secrets.length === 0 ? '' : `, and with them ${secrets.join(', ')}`;
      this.#tell(`Settings have changed that take effect with the next start: ${others.join(', ')}${besides}`);
      return;
    }
    this.#told = undefined;
    if (secrets.length === 0) return;
    hide(read.secrets);
    this.#loaded = read;
    log.info(`Changed secrets are used from now on: ${secrets.join(', ')}`);
  }

  #changes(read: LoadedTrigger): { readonly secrets: readonly string[]; readonly others: readonly string[] } {
    const { moduleSchema, argumentsSchema } = this.options.registration;
    const [before, now] = [this.#loaded.resolved.values, read.resolved.values];
    const changes = [
      ...changedSettings('module', moduleSchema, [before.module, now.module]),
      ...changedSettings('arguments', argumentsSchema, [before.arguments, now.arguments]),
    ];
    const namesOf = (secret: boolean): string[] =>
      changes.filter((change) => change.isSecret === secret).map(({ name }) => name);
    return { secrets: namesOf(true), others: namesOf(false) };
  }

  #tell(text: string): void {
    if (this.#told !== text) this.options.log.warning(text);
    this.#told = text;
  }
}

type Values = Readonly<Record<string, unknown>>;

function changedSettings(
  section: string,
  schema: SettingsSchema,
  [before, now]: readonly [Values, Values],
): { readonly name: string; readonly isSecret: boolean }[] {
  return Object.keys({ ...before, ...now })
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map((name) => ({ name: `${section}.${name}`, isSecret: isSecret(schema, name) }));
}
