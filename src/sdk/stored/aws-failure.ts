import { type ErrorCode, isAbort, ModuleError } from '../errors.js';
import { failedStage, STAGE_REMEDIES } from '../http/reachability.js';

const KEYS = 'Check access_key_id and secret_access_key, or role_arn and external_id; and the clock of this machine.';
const RIGHTS =
  'Give the key or role the rights to list the bucket and read its objects (s3:ListBucket, s3:GetObject), and for a queue ' +
  'sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility and sqs:GetQueueAttributes; where it is encrypted, ' +
  'kms:Decrypt.';
const PLACE = 'Check bucket, region and endpoint, and queue_url where there is a queue.';

const ROLE =
  'Check role_arn and external_id, and that the trust policy of the role lets the owner of the key take it on (sts:AssumeRole). ' +
  "It is asked of AWS's own STS in the region, or of the one that the environment variable AWS_ENDPOINT_URL_STS names.";

const CREDENTIAL_ERRORS: readonly string[] = [
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'CredentialsProviderError'],
  ...['InvalidClientTokenId', 'UnrecognizedClientException', 'RequestTimeTooSkewed', 'InvalidSignatureException'],
];
const PLACE_ERRORS: readonly string[] = [
  ...['NoSuchBucket', 'InvalidBucketName', 'PermanentRedirect', 'AuthorizationHeaderMalformed'],
  ...['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue', 'InvalidAddress'],
];
/** SQS refuses with 400 whatever the reason: its names alone tell. */
const RIGHTS_ERRORS: readonly string[] = [
  ...['AccessDenied', 'AccessDeniedException', 'KmsAccessDenied', 'KMS.AccessDeniedException'],
];
const RATE_ERRORS: readonly string[] = [
  ...['SlowDown', 'RequestThrottled', 'ThrottlingException', 'Throttling', 'KmsThrottled', 'KMS.ThrottlingException'],
  // As many messages are hidden as a queue allows.
  'OverLimit',
];
/** Of one object, not of the storage: it lies in an archive. */
const ARCHIVED = 'InvalidObjectState';

/** A failure of a storage or queue as the error that the rest of the program knows. `deed`: 'list', 'read'. */
export function awsFailure(deed: string, place: string, thrown: unknown): Error {
  if (thrown instanceof ModuleError || (thrown instanceof Error && isAbort(thrown))) return thrown;
  const { name = '', $metadata: answer } = thrown as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = answer?.httpStatusCode;
  const { code, advice } = meaningOf(name, status, thrown);
  const reason = [name, status].filter((part) => part !== undefined && part !== '' && part !== 'Error').join(', ');
  return new ModuleError(code, reason === '' ? `Cannot ${deed} ${place}` : `Cannot ${deed} ${place} (${reason})`, {
    advice,
    // Its text quotes what was signed, the session token of a role included.
    ...(name !== 'SignatureDoesNotMatch' && { cause: thrown }),
    ...(status !== undefined && { status }),
  });
}

/** A failure to take on a role. It concerns everything, whereas a storage that refuses may refuse one object. */
export function roleFailure(arn: string, thrown: unknown): Error {
  const failure = awsFailure('take on', `role_arn ${arn}`, thrown);
  if (!(failure instanceof ModuleError) || failure === thrown) return failure;
  const { code, retryable, message, status, cause } = failure;
  const advice = code === 'SOURCE_CREDENTIAL_REFUSED' ? `${KEYS} ${ROLE}` : ROLE;
  return new ModuleError(retryable ? code : 'SOURCE_CREDENTIAL_REFUSED', message, {
    ...{ advice, cause },
    ...(status !== undefined && { status }),
  });
}

function meaningOf(name: string, status: number | undefined, thrown: unknown): { code: ErrorCode; advice: string } {
  if (CREDENTIAL_ERRORS.includes(name) || status === 401) return { code: 'SOURCE_CREDENTIAL_REFUSED', advice: KEYS };
  if (PLACE_ERRORS.includes(name) || status === 301) return { code: 'SOURCE_NOT_FOUND', advice: PLACE };
  if (name === ARCHIVED) {
    return { code: 'SOURCE_ROLE_REFUSED', advice: 'The object lies in an archive: restore it, and it is read then.' };
  }
  const passes = 'Nothing, if it passes: it is tried again. Otherwise look at the storage.';
  if (RATE_ERRORS.includes(name)) return { code: 'SOURCE_RATE_LIMITED', advice: passes };
  if (RIGHTS_ERRORS.includes(name)) return { code: 'SOURCE_ROLE_REFUSED', advice: RIGHTS };
  // What cannot be understood, as the page of a proxy is, or has another checksum than it says.
  if ((status ?? 0) < 300 && (name === 'SyntaxError' || /checksum/i.test(String(thrown)))) {
    return { code: 'SOURCE_ANSWER_INVALID', advice: `${PLACE} Something on the way may answer in its stead.` };
  }
  if (status === undefined) {
    return { code: 'SOURCE_UNREACHABLE', advice: `${PLACE} ${STAGE_REMEDIES[failedStage(thrown)]}` };
  }
  if (status === 403) return { code: 'SOURCE_ROLE_REFUSED', advice: RIGHTS };
  if (status === 404) return { code: 'SOURCE_NOT_FOUND', advice: PLACE };
  if (status === 429) return { code: 'SOURCE_RATE_LIMITED', advice: passes };
  if (status >= 500) return { code: 'SOURCE_UNAVAILABLE', advice: passes };
  return { code: 'SOURCE_REQUEST_REFUSED', advice: PLACE };
}

/** Whether the answer was that the object is not there, or not in that version any more. */
export function isGone(thrown: unknown): boolean {
  const { name, $metadata: answer } = thrown as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === 'NoSuchKey' || name === 'PreconditionFailed' || answer?.httpStatusCode === 412;
}
