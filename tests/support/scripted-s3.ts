import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

import type { S3Access } from './s3-access.js';

interface StoredObject {
  readonly content: Buffer;
  readonly etag: string;
  readonly checksum: string | undefined;
}

/** One request, as a script sees it. */
export interface S3Request {
  readonly method: string;
  /** Without the bucket; '' for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What becomes of one request: it is carried out in the usual way where this says nothing. */
export type S3Fault = (request: S3Request, response: ServerResponse, carryOut: () => void) => boolean | undefined;

/** An object storage that does what a test says, and else what S3 does, conditions of writes included. */
export interface ScriptedS3 extends S3Access {
  readonly objects: Map<string, StoredObject>;
  readonly requests: S3Request[];
  /** Asked about each request; true where the request was answered, or shall not be. */
  fault: S3Fault | undefined;
  /** As somebody else would. */
  put(key: string, content: string | Uint8Array): void;
  close(): Promise<void>;
}

/** Starts one on a free port of the loopback interface, over TLS where a certificate is given. */
export async function startScriptedS3(tls?: ServerOptions): Promise<ScriptedS3> {
  const objects: ScriptedS3['objects'] = new Map();
  const requests: S3Request[] = [];
  const sockets = new Set<Socket>();
  const server = tls === undefined ? createHttpServer(answer) : createHttpsServer(tls, answer);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const scripted: ScriptedS3 = {
    ...{ endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, bucket: 'state' },
    ...{ region: 'eu-test-1', accessKeyId: 'the-access-key', secretAccessKey: 'the-secret-key' },
    ...{ objects, requests, fault: undefined },
    put: (key, content) => objects.set(key, stored(Buffer.from(content as Uint8Array), undefined)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return scripted;

  function answer(message: IncomingMessage, response: ServerResponse): void {
    void buffer(message).then(
      (body) => {
        const url = new URL(message.url ?? '', 'http://storage.test');
        const key = decodeURIComponent(url.pathname).replace(/^\/state\/?/, '');
        const { method = '', headers } = message;
        const request = { method, key, query: url.searchParams, headers, body };
        requests.push(request);
        const carryOut = (): void => carry(request, response, objects);
        if (scripted.fault?.(request, response, carryOut) !== true) carryOut();
      },
      // The client went away.
      () => undefined,
    );
  }
}

/** Answers as S3 does where it refuses. */
export function refuse(response: ServerResponse, status: number, code: string): true {
  response.writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': 'request-1' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>It says ${code}</Message></Error>`);
  return true;
}

function stored(content: Buffer, checksum: string | undefined): StoredObject {
  return { content, etag: `"${createHash('md5').update(content).digest('hex')}"`, checksum };
}

function carry(request: S3Request, response: ServerResponse, objects: ScriptedS3['objects']): void {
  const { method, key, headers, body } = request;
  const object = objects.get(key);
  if (method === 'PUT') {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
    if (ifMatch !== undefined && object === undefined) return void refuse(response, 404, 'NoSuchKey');
    const conflict =
      (ifMatch !== undefined && ifMatch !== object?.etag) || (ifNoneMatch === '*' && object !== undefined);
    if (conflict) return void refuse(response, 412, 'PreconditionFailed');
    if (headers['content-md5'] !== createHash('md5').update(body).digest('base64')) {
      return void refuse(response, 400, 'BadDigest');
    }
    const next = stored(body, headers['x-amz-meta-sha256'] as string | undefined);
    objects.set(key, next);
    response.writeHead(200, { etag: next.etag }).end();
    return;
  }
  if (method === 'DELETE') {
    objects.delete(key);
    response.writeHead(204).end();
    return;
  }
  if (key === '') {
    list(request, response, objects);
    return;
  }
  if (object === undefined) return void refuse(response, 404, 'NoSuchKey');
  if (headers['if-match'] !== undefined && headers['if-match'] !== object.etag) {
    return void refuse(response, 412, 'PreconditionFailed');
  }
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  if (from !== undefined) {
    const rest = object.content.subarray(Number(from));
    response.writeHead(206, { 'content-length': rest.length, etag: object.etag }).end(rest);
    return;
  }
  response.writeHead(200, {
    'content-length': object.content.length,
    etag: object.etag,
    ...(object.checksum !== undefined && { 'x-amz-meta-sha256': object.checksum }),
  });
  response.end(object.content);
}

function contentsOf(key: string, object: StoredObject | undefined): string {
  const { etag = '', content = '' } = object ?? {};
  return `<Contents><Key>${key}</Key><ETag>${etag}</ETag><Size>${content.length}</Size></Contents>`;
}

function list({ query }: S3Request, response: ServerResponse, objects: ScriptedS3['objects']): void {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && key > after && !key.slice(prefix.length).includes('/'))
    .sort();
  const page = keys.slice(0, most);
  const more = keys.length > page.length;
  const next = more ? `<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : '';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}` +
      `${page.map((key) => contentsOf(key, objects.get(key))).join('')}</ListBucketResult>`,
  );
}
