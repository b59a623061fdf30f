import { isJsonObject, type JsonObject } from '../configuration/json.js';
import type { Lookup } from '../configuration/lookup.js';
import { loadPlatformConfiguration } from '../configuration/platform.js';
import { resolveConfiguration } from '../configuration/resolve.js';
import { isSecret } from '../configuration/schema.js';
import { ConfigurationError, describeError, ModuleError } from '../errors.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Log } from '../observability/log.js';
import { KnownSecrets } from '../observability/redactor.js';
import type { AccountCheck, TriggerRegistration } from '../registration.js';
import type { CheckContext } from '../trigger.js';
import { tellTaskState } from './callback.js';
import { withSecrets } from './fetch-secrets.js';
import type { PlatformLink } from './link.js';

/** The module whose account is to be validated. */
export type ValidatedModule = Pick<TriggerRegistration, 'moduleSchema' | 'validators'> & {
  readonly accountCheck: AccountCheck;
};

export interface ValidationWorld {
  readonly lookup: Lookup;
  readonly link: PlatformLink;
  readonly log: Log;
  readonly context: CheckContext;
}

/**
 * Examines the account for the platform and tells it the result. Without a platform the result is in the log only.
 * @returns 0 where the platform was told, whatever the result; without one, 1 where the account does not work
 * @throws ModuleError where the platform cannot be told
 */
export async function validateAccount(module: ValidatedModule, world: ValidationWorld): Promise<ExitCode> {
  const { link, log, context } = world;
  const url = link.access?.callbackUrl;
  const tell = url === undefined ? undefined : { url, requested: context.signal };
  const answer = tell && (await tellTaskState({ ...tell, state: { status: 'running' } }, link.speaker()));
  const { failure, proof } = await examine(module, answer === undefined ? {} : secretsIn(answer, module), world);
  if (failure === undefined) log.info(`The account works${proof === '' ? '' : `: ${proof}`}`);
  else log.error(`The account does not work: ${failure}`);
  if (tell === undefined) return failure === undefined ? EXIT_CODE.ok : EXIT_CODE.failed;
  const results = { success: failure === undefined };
  const state = { status: 'finished', results, ...(failure !== undefined && { error: failure }) } as const;
  await tellTaskState({ ...tell, state }, link.speaker());
  return EXIT_CODE.ok;
}

/** The platform hands the secrets over in its answer; what the manifest does not call a secret is none. */
function secretsIn(answer: JsonObject, { moduleSchema }: ValidatedModule): JsonObject {
  const configuration = answer['module_configuration'];
  const value = isJsonObject(configuration) ? configuration['value'] : undefined;
  if (!isJsonObject(value)) return {};
  const names = moduleSchema.secrets ?? [];
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

/** What an examination came to, in words for the account's owner. */
interface Examination {
  /** Why the account does not work, and what to do about it. */
  readonly failure?: string;
  /** The last thing that was seen to work. */
  readonly proof: string;
}

async function examine(
  { accountCheck, moduleSchema, validators }: ValidatedModule,
  secrets: JsonObject,
  { lookup, context }: ValidationWorld,
): Promise<Examination> {
  // A secret may stand in another setting by mistake, and be quoted with it.
  let known = new KnownSecrets([]);
  let proof = '';
  const failed = (text: string): Examination => ({ failure: known.redact(text), proof });
  try {
    const given = (await loadPlatformConfiguration(lookup)).module;
    const account = withSecrets(given, moduleSchema.secrets ?? [], secrets);
    const { values } = await resolveConfiguration({
      module: { ...account, schema: moduleSchema, ...(validators && { validator: validators.module }) },
    });
    const hidden = Object.entries(values.module).filter(([name]) => isSecret(moduleSchema, name));
    known = new KnownSecrets(hidden.map(([, value]) => String(value)));
    const { hide } = known;
    for await (const { state, detail, remedy } of accountCheck(values.module, { ...context, hide })) {
      if (state === 'failed') return failed(remedy === undefined ? detail : `${detail}. ${remedy}`);
      if (state === 'passed') proof = known.redact(detail);
    }
    return { proof };
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) {
      const problems = thrown.problems.map(({ setting, problem }) => `${setting.replace(/^module\./, '')} ${problem}`);
      return failed(problems.join('; '));
    }
    const advice = thrown instanceof ModuleError && thrown.advice !== undefined ? `. ${thrown.advice}` : '';
    return failed(`${describeError(thrown)}${advice}`);
  }
}
