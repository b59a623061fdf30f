import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What the platform mounts into a container, as one of its names: a text as it is, anything else as JSON. */
export type MountedValues = Readonly<Record<string, unknown>>;

/** Writes configuration as the platform mounts it: a file for each name, with a newline at the end of each. */
export async function mountConfiguration(directory: string, values: MountedValues): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, value] of Object.entries(values)) {
    await writeFile(join(directory, name), `${typeof value === 'string' ? value : JSON.stringify(value)}\n`, {
      mode: 0o600,
    });
  }
}

/** Ports of 127.0.0.1 that nobody listened at just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
