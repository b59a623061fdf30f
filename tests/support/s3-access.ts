import type { S3Settings } from '../../src/sdk/storage/s3-settings.js';

/** What a client of an object storage needs. */
export interface S3Access {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The same as the settings of a storage below `prefix`. */
export function s3Settings(access: S3Access, prefix = ''): S3Settings {
  return { ...access, prefix, sessionToken: undefined, tls: {} };
}

/** The same as the platform's environment. */
export function s3Environment(access: S3Access, subFolder: string): Record<string, string> {
  return {
    FILE_BACKEND: 'S3',
    AWS_BUCKET_NAME: access.bucket,
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_DEFAULT_REGION: access.region,
    AWS_S3_ENDPOINT_URL: access.endpoint,
    SUB_FOLDER: subFolder,
  };
}

/** Another client beside the one under test: what an operator, or another program, does to a bucket. */
export async function openS3Library({ endpoint, bucket: Bucket, region, ...credentials }: S3Access): Promise<{
  createBucket(): Promise<void>;
  put(key: string, text: string): Promise<void>;
  get(key: string): Promise<string>;
  getBytes(key: string): Promise<Uint8Array>;
  /** All keys below a prefix, at most a thousand. */
  list(prefix: string): Promise<string[]>;
}> {
  const { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } =
    await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...{ endpoint, region, credentials, forcePathStyle: true },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    async createBucket() {
      await client.send(new CreateBucketCommand({ Bucket }));
    },
    async put(Key, text) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(text) }));
    },
    async get(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString()) ?? '';
    },
    async getBytes(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    async list(Prefix) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
      return Contents.flatMap(({ Key }) => Key ?? []);
    },
  };
}
