/** Replaces every known secret in a text. */
export type Redactor = (text: string) => string;

const SHOWN_INSTEAD = '[redacted]';

/**
 * Blots out `secrets`, also without blanks around them, and in the forms that JSON and URLs give them. Texts shorter than four characters are left
 * alone: blotting out every 'a' would hide the message and not the secret.
 */
export function redactor(secrets: readonly string[]): Redactor {
  const forms = secrets
    // Blanks around it are as a rule left out where it is used or quoted.
    .flatMap((secret) => [secret, secret.trim()])
    .filter((secret) => secret.length >= 4)
    .flatMap(writtenForms);
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => unique.reduce((left, form) => left.replaceAll(form, SHOWN_INSTEAD), text);
}

/** A credential that is renewed every hour must not fill the memory: those so many renewals ago have long expired. */
const MOST_HIDDEN_LATER = 100;

/**
 * The secrets of a run: those known at its start, those of the configuration in use, and the latest of those that become known
 * while it goes on.
 */
export class KnownSecrets {
  readonly #later: string[] = [];
  #inUse: readonly string[] = [];
  #redactor: Redactor;

  constructor(private readonly known: readonly string[]) {
    this.#redactor = redactor(known);
  }

  readonly redact: Redactor = (text) => this.#redactor(text);

  /** From now on `secret` is blotted out, too. */
  readonly hide = (secret: string): void => {
    if ([this.known, this.#inUse, this.#later].some((secrets) => secrets.includes(secret))) return;
    this.#add([secret]);
  };

  /** The configuration in use has these secrets from now on, in place of those of the last call: they stay, however many come later. */
  readonly use = (secrets: readonly string[]): void => {
    const replaced = this.#inUse.filter((secret) => !secrets.includes(secret));
    this.#inUse = [...secrets];
    this.#add(replaced);
  };

  #add(later: readonly string[]): void {
    this.#later.push(...later);
    this.#later.splice(0, this.#later.length - MOST_HIDDEN_LATER);
    this.#redactor = redactor([...this.known, ...this.#inUse, ...this.#later]);
  }
}

function writtenForms(secret: string): string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1)];
  // Half of a surrogate pair has no form in a URL.
  return /\p{Cs}/u.test(secret) ? forms : [...forms, encodeURIComponent(secret)];
}
