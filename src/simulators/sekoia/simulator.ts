import { startLoopbackServer } from '../http/server.js';
import { createIntake, type Intake, MAX_REQUEST_BYTES } from './intake.js';
import type { IntakeSimulatorOptions } from './options.js';

/** An intake on the loopback interface. */
export interface IntakeSimulator extends Intake {
  /** Base URL, base path included, to which `/batch` is appended. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts the intake simulator on 127.0.0.1. */
export async function startIntakeSimulator(options: IntakeSimulatorOptions = {}): Promise<IntakeSimulator> {
  const intake = createIntake(options);
  const server = await startLoopbackServer({
    maxBodyBytes: options.maxRequestBytes ?? MAX_REQUEST_BYTES,
    gzip: false,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.sleep === undefined ? {} : { sleep: options.sleep }),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    handle: (request) => intake.handle(request),
  });
  return { ...intake, url: `${server.url}${options.basePath ?? ''}`, port: server.port, close: () => server.close() };
}
