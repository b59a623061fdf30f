import { createPrivateKey, X509Certificate } from 'node:crypto';
import { posix } from 'node:path';

import { parseAddress } from '../configuration/address.js';
import type { Found, Lookup } from '../configuration/lookup.js';
import { settle } from '../configuration/settle.js';
import type { ConfigurationProblem } from '../errors.js';

/** A place in an object storage and the way to it. Holds secrets. */
export interface S3Settings {
  readonly bucket: string;
  /** What every key begins with: '' or ends with '/'. */
  readonly prefix: string;
  readonly region: string;
  /** Undefined: AWS's own for the region. */
  readonly endpoint: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** PEM texts. */
  readonly tls: {
    readonly ca?: string;
    readonly client?: { readonly cert: string; readonly key: string };
  };
}

/**
 * Reads the names that the platform gives an object storage: `aws_bucket_name`, `aws_access_key_id`,
 * `aws_secret_access_key`, `aws_default_region`, and where given `aws_session_token`, `aws_s3_endpoint_url`,
 * `sub_folder`, `ca_cert`, `client_cert` with `client_key`.
 * @returns the settings, or everything that is wrong with them
 */
export async function readS3Settings(lookup: Lookup): Promise<S3Settings | readonly ConfigurationProblem[]> {
  const reader = new Reader(lookup);
  const bucket = await reader.required('aws_bucket_name');
  const accessKeyId = await reader.required('aws_access_key_id');
  const secretAccessKey = await reader.required('aws_secret_access_key');
  const region = await reader.required('aws_default_region');
  const settings = {
    bucket,
    accessKeyId,
    secretAccessKey,
    region,
    sessionToken: (await reader.optional('aws_session_token'))?.value,
    endpoint: await readEndpoint(reader),
    prefix: prefixOf((await reader.optional('sub_folder'))?.value ?? ''),
    tls: await readTls(reader),
  };
  return reader.problems.length === 0 ? settings : reader.problems;
}

/** Looks texts up, and remembers what is wrong instead of throwing. */
class Reader {
  readonly problems: ConfigurationProblem[] = [];

  constructor(private readonly lookup: Lookup) {}

  async optional(name: string): Promise<Found<string> | undefined> {
    const { value: found, problems } = await settle(this.lookup.text(name));
    this.problems.push(...problems);
    const value = found?.value.trim() ?? '';
    return found === undefined || value === '' ? undefined : { ...found, value };
  }

  /** '' where there is none, which is a problem then. */
  async required(name: string): Promise<string> {
    const before = this.problems.length;
    const found = await this.optional(name);
    if (found === undefined && this.problems.length === before) {
      const problem = `is missing: state on S3 needs it, as ${this.lookup.placesOf(name)}`;
      this.problems.push({ setting: name, problem });
    }
    return found?.value ?? '';
  }

  /** Notes a problem with what was found where `examine` throws. What it throws is not quoted: it may hold a key. */
  examine(name: string, { value, origin }: Found<string>, expected: string, examine: (text: string) => unknown): void {
    try {
      examine(value);
    } catch {
      this.problems.push({ setting: name, problem: `is not ${expected} (${value.length} characters)`, origin });
    }
  }
}

/** Unencrypted ones are accepted, as inside the platform's network: the secret key itself is never sent. */
async function readEndpoint(reader: Reader): Promise<string | undefined> {
  const name = 'aws_s3_endpoint_url';
  const found = await reader.optional(name);
  if (found === undefined) return undefined;
  const parsed = parseAddress(found.value, 'warn');
  if ('value' in parsed) return parsed.value;
  reader.problems.push({ setting: name, problem: parsed.problem, origin: found.origin });
  return undefined;
}

/** A library that is handed a text that is no certificate ignores it, and then trusts nobody: better to say so. */
async function readTls(reader: Reader): Promise<S3Settings['tls']> {
  const ca = await reader.optional('ca_cert');
  const cert = await reader.optional('client_cert');
  const key = await reader.optional('client_key');
  if (ca) reader.examine('ca_cert', ca, 'a certificate in PEM form', (text) => new X509Certificate(text));
  if (cert === undefined || key === undefined) return { ...(ca && { ca: ca.value }) };
  reader.examine('client_cert', cert, 'a certificate in PEM form', (text) => new X509Certificate(text));
  reader.examine('client_key', key, 'a private key in PEM form, without a passphrase', createPrivateKey);
  return { ...(ca && { ca: ca.value }), client: { cert: cert.value, key: key.value } };
}

/** A folder inside the bucket, however it was written; it never leads out of it. */
function prefixOf(subFolder: string): string {
  const folder = posix.join('/', subFolder).replace(/^\/+|\/+$/g, '');
  return folder === '' ? '' : `${folder}/`;
}
