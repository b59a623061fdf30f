import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort } from './free-port.js';
import { openS3Library, type S3Access } from './s3-access.js';

const READY_MS = 60_000;
const BUCKET = 'state';
const ROLE = 'reader';
const READER_RIGHTS = ['s3:ListBucket', 's3:GetObject'];

/** A running object storage with one empty bucket. The access is its owner's. */
export interface Ceph extends S3Access {
  /** Of somebody who may not read the bucket, and may take on the role that may. */
  readonly guest: Pick<S3Access, 'accessKeyId' | 'secretAccessKey'> & { readonly roleArn: string };
  /** How many requests it has served. */
  requests(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts Ceph with its S3 and STS interface (apt-get install radosgw ceph-mon ceph-osd): a monitor, one storage daemon with its
 * objects in memory, and the gateway.
 */
export async function startCeph(): Promise<Ceph> {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-test-ceph-'));
  const [monitorPort, port] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${port}`;
  const daemons: ChildProcess[] = [];
  const env = { ...process.env, CEPH_CONF: join(directory, 'ceph.conf') };
  const run = async (program: string, ...args: string[]): Promise<string> =>
    (await promisify(execFile)(program, args, { env, timeout: READY_MS })).stdout;
  const start = (program: string, ...args: string[]): void => {
    daemons.push(spawn(program, ['-f', ...args], { env, stdio: 'ignore' }));
  };
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const exited = once(daemon, 'exit');
      // With any other signal it would write down what it has in memory.
      daemon.kill('SIGKILL');
      await exited;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  const addUser = async (name: string): Promise<{ accessKeyId: string; secretAccessKey: string }> => {
    const keys = { accessKeyId: `the-key-of-${name}`, secretAccessKey: `the-secret-of-${name}` };
    const { accessKeyId, secretAccessKey } = keys;
    const given = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await run('radosgw-admin', 'user', 'create', '--uid', name, '--display-name', name, ...given);
    return keys;
  };

  try {
    const cluster = randomUUID();
    for (const name of ['mon', 'osd', 'rgw']) mkdirSync(join(directory, name));
    writeFileSync(env.CEPH_CONF, configuration({ directory, cluster, monitorPort, endpoint }));
    const map = join(directory, 'monmap');
    await run('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, map);
    await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--no-mon-config');
    start('ceph-mon', '-i', 'a');
    const storage = randomUUID();
    await run('ceph', 'osd', 'new', storage);
    await run('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', storage, '--no-mon-config');
    start('ceph-osd', '-i', '0');
    start('radosgw', '-n', 'client.rgw');
    const owner = { endpoint, bucket: BUCKET, region: 'us-east-1', ...(await addUser('owner')) };
    const guest = await addUser('guest');
    await addRole(run);
    await answers(endpoint);
    await (await openS3Library(owner)).createBucket();
    return {
      ...owner,
      guest: { ...guest, roleArn: `arn:aws:iam:::role/${ROLE}` },
      async requests() {
        const counters = await run('ceph', 'daemon', join(directory, 'client.rgw.asok'), 'perf', 'dump', 'rgw');
        return (JSON.parse(counters) as { rgw: { req: number } }).rgw.req;
      },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function addRole(run: (program: string, ...args: string[]) => Promise<string>): Promise<void> {
  const document = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const trust = { Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/guest'] }, Action: ['sts:AssumeRole'] };
  const rights = { Effect: 'Allow', Action: READER_RIGHTS, Resource: `arn:aws:s3:::${BUCKET}*` };
  const role = ['--role-name', ROLE];
  await run('radosgw-admin', 'role', 'create', ...role, '--assume-role-policy-doc', document(trust));
  await run('radosgw-admin', 'role-policy', 'put', ...role, '--policy-name', 'r', '--policy-doc', document(rights));
}

async function answers(endpoint: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  const isThere = (): Promise<boolean> =>
    fetch(endpoint).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isThere())) {
    if (Date.now() > deadline) throw new Error('Ceph did not start');
    await wait(100);
  }
}

interface Layout {
  readonly directory: string;
  readonly cluster: string;
  readonly monitorPort: number;
  readonly endpoint: string;
}

/** One copy of everything, and nobody to be kept out: what listens does so on the loopback interface. */
function configuration({ directory, cluster, monitorPort, endpoint }: Layout): string {
  const { host } = new URL(endpoint);
  return `[global]
fsid = ${cluster}
mon host = v2:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
run dir = ${directory}
admin socket = ${directory}/$name.asok
log file = ${directory}/$name.log
crash dir = ${directory}
mon data = ${directory}/mon
osd data = ${directory}/osd
rgw data = ${directory}/rgw
osd objectstore = memstore
memstore device bytes = 8589934592
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
rgw frontends = beast endpoint=${host}
rgw s3 auth use sts = true
rgw sts key = 0123456789abcdef
debug rgw = 0/0
debug osd = 0/0
debug ms = 0/0
debug objclass = 0/0
debug objecter = 0/0
`;
}
