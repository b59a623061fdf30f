import { describeError, ModuleError } from '../errors.js';
import { failedStage, STAGE_REMEDIES, type ConnectionStage } from '../http/reachability.js';

const RIGHTS =
  'Give the access key the rights to list the bucket, and to read, write and delete objects in it ' +
  '(s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject).';
const CREDENTIALS = 'Check aws_access_key_id and aws_secret_access_key.';
const TOKEN = 'Renew aws_session_token with its access key, or use a key that does not expire.';
const REGION = "Set aws_default_region and aws_s3_endpoint_url to the bucket's region.";
const SPACE = 'Free space in the object storage, or raise its quota: nothing is lost, the work goes on then.';

/** By the error codes of the S3 protocol. */
const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: RIGHTS,
  AccountProblem: RIGHTS,
  AuthorizationHeaderMalformed: REGION,
  BucketAlreadyExists: REGION,
  ExpiredToken: TOKEN,
  IllegalLocationConstraintException: REGION,
  InsufficientStorage: SPACE,
  InvalidAccessKeyId: CREDENTIALS,
  InvalidBucketName: 'Correct aws_bucket_name.',
  InvalidToken: TOKEN,
  NoSuchBucket: 'Create the bucket, or correct aws_bucket_name, aws_default_region and aws_s3_endpoint_url.',
  PermanentRedirect: REGION,
  QuotaExceeded: SPACE,
  RequestTimeTooSkewed: 'Set the clock of this machine: it differs too much from that of the object storage.',
  S3BodyError: 'Look for a proxy that changes answers; restore the object from a copy if it stays like this.',
  SignatureDoesNotMatch: CREDENTIALS,
};

const ADVICE_BY_STATUS: Readonly<Record<number, string>> = {
  301: REGION,
  307: REGION,
  401: CREDENTIALS,
  403: RIGHTS,
  404: 'Check aws_s3_endpoint_url and aws_bucket_name: what answers there does not know the bucket.',
  507: SPACE,
};

const OVERLOADED = 'Nothing, if it passes: it is tried again. Otherwise look at the object storage.';
const DEFAULT_ADVICE = 'Check aws_s3_endpoint_url and aws_bucket_name, and look at the object storage.';

/** A failure of an object storage as the error that the rest of the program knows. `deed`: 'write', 'read', 'list'. */
export function s3Unavailable(deed: string, place: string, thrown: unknown): ModuleError {
  if (thrown instanceof ModuleError) return thrown;
  return failure('STATE_UNAVAILABLE', `Cannot ${deed} ${place}`, thrown);
}

/**
 * Why a bucket cannot be used at all, in the platform's words. What only an operator can mend is STATE_REFUSED.
 */
export function s3AccessError(place: string, thrown: unknown): ModuleError {
  const { status = 0 } = factsOf(thrown);
  const denied = status === 401 || status === 403;
  const refused = status >= 300 && status < 500 && ![408, 409, 425, 429].includes(status);
  const what = denied ? 'Access denied to the object storage' : 'Impossible access the object storage';
  return failure(refused ? 'STATE_REFUSED' : 'STATE_UNAVAILABLE', `${what} ${place}`, thrown);
}

function failure(code: 'STATE_UNAVAILABLE' | 'STATE_REFUSED', what: string, thrown: unknown): ModuleError {
  const { name, status, requestId } = factsOf(thrown);
  const reason = [name, status].filter((part) => part !== undefined).join(', ');
  return new ModuleError(code, reason === '' ? what : `${what} (${reason})`, {
    advice: adviceFor(thrown),
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(requestId !== undefined && { requestId }),
  });
}

function adviceFor(thrown: unknown): string {
  const { name, status } = factsOf(thrown);
  const known = name === undefined ? undefined : ADVICE[name];
  if (known !== undefined) return known;
  if (status === undefined) return connectionAdvice(thrown);
  return ADVICE_BY_STATUS[status] ?? (status >= 500 || status === 429 ? OVERLOADED : DEFAULT_ADVICE);
}

const TLS_ADVICE =
  'Check ca_cert, and client_cert with client_key where the storage asks for one; and the clock of this machine.';

function connectionAdvice(thrown: unknown): string {
  if (/timed?[- ]?out|no answer within/i.test(describeError(thrown))) {
    return 'The object storage is slow or unreachable: it is tried again. Check aws_s3_endpoint_url and firewalls.';
  }
  const stage: ConnectionStage = failedStage(thrown);
  return `Check aws_s3_endpoint_url. ${stage === 'TLS' ? TLS_ADVICE : STAGE_REMEDIES[stage]}`;
}

interface Facts {
  /** Error code of the protocol; undefined where no answer came or it names none. */
  readonly name: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
}

/** What an answer of the storage said, if it was one. Total: whatever was thrown. */
export function factsOf(thrown: unknown): Facts {
  if (!(thrown instanceof Error)) return { name: undefined, status: undefined, requestId: undefined };
  const { $metadata: answer } = thrown as { $metadata?: { httpStatusCode?: number; requestId?: string } };
  const isNamed = thrown.name in ADVICE || (answer?.httpStatusCode !== undefined && /^[A-Z]\w+$/.test(thrown.name));
  return {
    name: isNamed ? thrown.name : undefined,
    status: answer?.httpStatusCode,
    requestId: answer?.requestId,
  };
}
