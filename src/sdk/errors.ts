/** Who has to act on an error. */
export type Audience = 'operator' | 'platform' | 'nobody';

interface ErrorTraits {
  /** Whether trying again, unchanged, may help. */
  readonly retryable: boolean;
  readonly audience: Audience;
  /** When it is thrown; the table in docs/errors.md is made of these. */
  readonly when: string;
}

/** The closed list of what can go wrong. */
export const ERROR_CODES = {
  CONFIGURATION_INVALID: {
    retryable: false,
    audience: 'operator',
    when: 'A setting is missing, malformed or refused.',
  },
  STATE_LOCKED: { retryable: false, audience: 'operator', when: 'Another process works on the same data path.' },
  STATE_CORRUPT: { retryable: false, audience: 'operator', when: 'A state file cannot be read as what it should be.' },
  STATE_REFUSED: {
    retryable: false,
    audience: 'operator',
    when: 'The object storage for the state refuses the key, the bucket or the request at the start.',
  },
  STATE_UNAVAILABLE: { retryable: true, audience: 'operator', when: 'State cannot be read or written just now.' },
  QUEUE_UNAVAILABLE: {
    retryable: true,
    audience: 'operator',
    when: 'The Redis of a queue does not answer, or takes no writes just now.',
  },
  QUEUE_REFUSED: {
    retryable: false,
    audience: 'operator',
    when: 'The Redis of a queue refuses the password, the user or a command, or shows a certificate that is not trusted; or its packages are missing.',
  },
  DEAD_LETTER_FULL: {
    retryable: false,
    audience: 'operator',
    when: 'An event has to be kept, and the dead letter has no room left.',
  },
  SOURCE_UNREACHABLE: { retryable: true, audience: 'operator', when: 'No answer from the source: name, network, TLS.' },
  SOURCE_UNAVAILABLE: { retryable: true, audience: 'platform', when: 'The source answered with a server error.' },
  SOURCE_RATE_LIMITED: { retryable: true, audience: 'nobody', when: 'The source asked to slow down.' },
  SOURCE_ANSWER_INVALID: { retryable: true, audience: 'platform', when: 'The answer is broken: HTML, empty, cut off.' },
  SOURCE_REQUEST_REFUSED: { retryable: false, audience: 'operator', when: 'The source refused the query itself.' },
  SOURCE_CREDENTIAL_REFUSED: { retryable: false, audience: 'operator', when: 'The source refused the credential.' },
  SOURCE_NOT_LICENSED: { retryable: false, audience: 'operator', when: 'The account has no licence for the source.' },
  SOURCE_ROLE_REFUSED: { retryable: false, audience: 'operator', when: 'The credential lacks the role it needs.' },
  SOURCE_CANNOT_COUNT: {
    retryable: false,
    audience: 'nobody',
    when: 'The source has no way to tell how many events it holds: nothing can be proven by counts.',
  },
  SOURCE_NOT_FOUND: { retryable: false, audience: 'operator', when: 'The source has no such address: wrong base URL.' },
  DESTINATION_UNREACHABLE: { retryable: true, audience: 'operator', when: 'No answer from the destination.' },
  DESTINATION_UNAVAILABLE: { retryable: true, audience: 'platform', when: 'The destination answered a server error.' },
  DESTINATION_RATE_LIMITED: { retryable: true, audience: 'nobody', when: 'The destination asked to slow down.' },
  DESTINATION_ANSWER_INVALID: { retryable: true, audience: 'platform', when: 'A success without an acknowledgement.' },
  DESTINATION_REFUSES_EVENT: {
    retryable: false,
    audience: 'operator',
    when: 'The few events at hand are refused; whether they or the destination are at fault is not known yet.',
  },
  DESTINATION_REFUSED: { retryable: false, audience: 'operator', when: 'The destination refuses everything sent.' },
  PLATFORM_UNREACHABLE: {
    retryable: true,
    audience: 'platform',
    when: 'No answer from the platform’s own services: secrets, callback, logs.',
  },
  PLATFORM_UNAVAILABLE: { retryable: true, audience: 'platform', when: 'The platform answered with a server error.' },
  PLATFORM_RATE_LIMITED: { retryable: true, audience: 'nobody', when: 'The platform asked to slow down.' },
  PLATFORM_ANSWER_INVALID: {
    retryable: true,
    audience: 'platform',
    when: 'The platform’s answer does not hold what was asked for.',
  },
  PLATFORM_REFUSED: { retryable: false, audience: 'platform', when: 'The platform refused the token or the request.' },
} as const satisfies Record<string, ErrorTraits>;

/** What went wrong, out of a closed list: docs/errors.md says of each when it is thrown, and for whom it is. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error may carry beyond its message. */
export interface ModuleErrorDetails {
  /** What the reader should do about it, as a sentence. */
  readonly advice?: string;
  /** What was thrown below. */
  readonly cause?: unknown;
  /** HTTP status, where one was received. */
  readonly status?: number;
  /** The other side's identifier of the request, where one was received. */
  readonly requestId?: string;
  /** How long the other side asked us to wait, milliseconds. */
  readonly retryAfterMs?: number;
  /** What the other side answered, without secrets: whole, where the message has its beginning. */
  readonly answer?: string;
}

/** Every failure that the SDK names. Never carries a secret: callers redact what they quote. */
export class ModuleError extends Error {
  /** For logs. */
  override readonly name = 'ModuleError';
  /** What the reader should do about it, as a sentence. */
  readonly advice: string | undefined;
  /** HTTP status, where one was received. */
  readonly status: number | undefined;
  /** The other side's identifier of the request, where one was received. */
  readonly requestId: string | undefined;
  /** How long the other side asked us to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** What the other side answered, without secrets: whole, where the message has its beginning. */
  readonly answer: string | undefined;

  constructor(
    /** What went wrong. */
    readonly code: ErrorCode,
    message: string,
    details: ModuleErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.advice = details.advice;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.answer = details.answer;
  }

  /** Whether trying again, unchanged, may help. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** Who has to act on it. */
  get audience(): Audience {
    return ERROR_CODES[this.code].audience;
  }
}

/** Whether only an operator can mend it: trying again cannot, and nobody else will. */
export function isForOperator({ audience, retryable }: ModuleError): boolean {
  return audience === 'operator' && !retryable;
}

/** One rejected setting. */
export interface ConfigurationProblem {
  /** The setting's name, dotted where nested: `module.apikey`, `arguments.frequency`. */
  readonly setting: string;
  /** What was wrong and what is allowed. Never the value of a secret. */
  readonly problem: string;
  /** Where the value came from: a file, a variable, a flag, 'default'. */
  readonly origin?: string;
}

/** All problems of a configuration at once. The program leaves with status 2. */
export class ConfigurationError extends ModuleError {
  constructor(
    /** All of them, in no particular order. */
    readonly problems: readonly ConfigurationProblem[],
  ) {
    super('CONFIGURATION_INVALID', describeProblems(problems), { advice: 'Correct the settings named above.' });
  }
}

function describeProblems(problems: readonly ConfigurationProblem[]): string {
  const lines = problems.map(({ setting, problem, origin }) =>
    origin === undefined ? `  ${setting}: ${problem}` : `  ${setting}: ${problem} (from ${origin})`,
  );
  return ['Configuration error', ...lines].join('\n');
}

/** True for the rejection of an aborted operation: a stop, not a failure. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}

/** Causes deeper than this add nothing, and may go round in a circle. */
const DEEPEST_CAUSE = 5;

/** Total: whatever was thrown, a one-line text for a log, with its causes and system codes. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let error = thrown;
  for (let depth = 0; depth < DEEPEST_CAUSE && (depth === 0 || error instanceof Error); depth += 1) {
    parts.push(describeOne(error).replace(/\s+/g, ' ').replace(/\.$/, ''));
    error = error instanceof Error ? error.cause : undefined;
  }
  return parts.filter((part, index) => index === 0 || !(parts[index - 1] ?? '').includes(part)).join(': ');
}

function describeOne(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    // Not everything that is an object can be made a text.
    return typeof thrown === 'object' && thrown !== null ? Object.prototype.toString.call(thrown) : String(thrown);
  }
  const { code } = thrown as { code?: unknown };
  const text = thrown.message === '' ? thrown.name : thrown.message;
  const isSystemCode = typeof code === 'string' && !(code in ERROR_CODES) && !text.includes(code);
  return isSystemCode ? `${text} (${code})` : text;
}

/** The rejection of an operation that was told to stop. */
export function abortError(): Error {
  return Object.assign(new Error('Stopped'), { name: 'AbortError' });
}
