import { startLoopbackServer } from '../http/server.js';
import { createJumpcloudApi, type JumpcloudApi } from './api.js';
import type { JumpcloudSimulatorOptions } from './options.js';

/** A Directory Insights API on the loopback interface. */
export interface JumpcloudSimulator extends JumpcloudApi {
  /** Base URL, to which `/insights/directory/v1/events` is appended. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Starts the API simulator on 127.0.0.1. */
export async function startJumpcloudSimulator(options: JumpcloudSimulatorOptions = {}): Promise<JumpcloudSimulator> {
  const api = createJumpcloudApi(options);
  const server = await startLoopbackServer({
    maxBodyBytes: MAX_BODY_BYTES,
    gzip: options.gzip ?? true,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.sleep === undefined ? {} : { sleep: options.sleep }),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    handle: (request) => api.handle(request),
  });
  return { ...api, url: server.url, port: server.port, close: () => server.close() };
}
