import { startLoopbackServer } from '../../http/server.js';
import {
  createPlatformServices,
  type PlatformServices,
  type PlatformServicesOptions,
  servicePath,
} from './services.js';

/** The platform's services on the loopback interface. */
export interface PlatformSimulator extends PlatformServices {
  /** The value of `url_callback`. */
  readonly callbackUrl: string;
  readonly port: number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Starts the services around one run of an item on 127.0.0.1. */
export async function startPlatformSimulator(
  options: PlatformServicesOptions & { readonly port?: number } = {},
): Promise<PlatformSimulator> {
  const services = createPlatformServices(options);
  const server = await startLoopbackServer({
    maxBodyBytes: MAX_BODY_BYTES,
    gzip: false,
    ...(options.port === undefined ? {} : { port: options.port }),
    handle: (request) => services.handle(request),
  });
  const callbackUrl = `${server.url}${servicePath('callback')}`;
  return { ...services, callbackUrl, port: server.port, close: () => server.close() };
}
