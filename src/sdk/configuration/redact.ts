import { isSecret, type SettingsSchema } from './schema.js';

/** What stands for a secret wherever a configuration is shown: its length, which is what tells a cut-off paste. */
export function hideSecret(value: unknown): string {
  if (typeof value !== 'string') return '(secret)';
  return value.length === 1 ? '(secret, 1 character)' : `(secret, ${value.length} characters)`;
}

/** A copy of a configuration that may be printed: each secret is replaced by its length. */
export function redact(
  configuration: Readonly<Record<string, unknown>>,
  schema: SettingsSchema,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configuration).map(([name, value]) => [name, isSecret(schema, name) ? hideSecret(value) : value]),
  );
}

const MAX_SHOWN = 200;

/** A value as it stands in a message: quoted, cut to a readable length, and never a secret. */
export function showValue(value: unknown, secret: boolean): string {
  if (secret) return hideSecret(value);
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/**
 * Replaces secrets in a text, for the secret that was pasted into the wrong setting and is quoted from there. Secrets
 * of fewer than eight characters are left: replacing them would garble the text, and none in use is that short.
 */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  const longestFirst = [...secrets].filter((secret) => secret.length >= 8).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((masked, secret) => {
    const quoted = JSON.stringify(secret).slice(1, -1);
    return masked.replaceAll(secret, () => hideSecret(secret)).replaceAll(quoted, () => hideSecret(secret));
  }, text);
}
