import type { S3ClientConfig } from '@aws-sdk/client-s3';

import { roleFailure } from './aws-failure.js';

/** How a storage or queue that speaks AWS's protocols is reached. Holds secrets. */
export interface AwsAccess {
  readonly region: string;
  /** Of another provider than AWS. */
  readonly endpoint: string | undefined;
  /** Without them: what the environment of the process offers, such as the role of a machine, pod or task. */
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Taken on with these credentials. */
  readonly role: { readonly arn: string; readonly externalId: string | undefined } | undefined;
}

const SESSION_NAME = 'sekoia-module';
const TRIES = 3;
const CONNECT_MS = 5_000;

/** What the clients of the library have in common. */
export interface AwsClientSettings {
  readonly region: string;
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly requestHandler: { readonly connectionTimeout: number };
}

/** @returns settings for a client; the library finds credentials by itself where none are given */
export async function awsClientSettings({ region, keys, role }: AwsAccess): Promise<AwsClientSettings> {
  const common = {
    region,
    maxAttempts: TRIES,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECT_MS },
  } as const;
  if (role === undefined) return { ...common, ...(keys && { credentials: keys }) };
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const { arn: RoleArn, externalId: ExternalId } = role;
  const takeOn = fromTemporaryCredentials({
    ...(keys && { masterCredentials: keys }),
    params: { RoleArn, RoleSessionName: SESSION_NAME, ...(ExternalId !== undefined && { ExternalId }) },
    clientConfig: { region },
  });
  const credentials: typeof takeOn = (caller) =>
    takeOn(caller).catch((thrown: unknown) => {
      throw roleFailure(RoleArn, thrown);
    });
  return { ...common, credentials };
}
