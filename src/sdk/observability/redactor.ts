/** Replaces every known secret in a text. */
export type Redactor = (text: string) => string;

const SHOWN_INSTEAD = '[redacted]';

/**
 * Blots out `secrets`, also in the forms that JSON and URLs give them. Texts shorter than four characters are left
 * alone: blotting out every 'a' would hide the message and not the secret.
 */
export function redactor(secrets: readonly string[]): Redactor {
  const forms = secrets.filter((secret) => secret.length >= 4).flatMap(writtenForms);
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => unique.reduce((left, form) => left.replaceAll(form, SHOWN_INSTEAD), text);
}

function writtenForms(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1)];
  // Half of a surrogate pair has no form in a URL.
  return /\p{Cs}/u.test(secret) ? forms : [...forms, encodeURIComponent(secret)];
}
