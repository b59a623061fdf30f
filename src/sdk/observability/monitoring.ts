import type { Found, Lookup } from '../configuration/lookup.js';
import { settle } from '../configuration/settle.js';
import { ErrorAccount } from '../error-account.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, Environment } from '../ports.js';
import type { TriggerProfile } from '../trigger.js';
import { describeListenFailure, openHttpServer, type HttpServer, type HttpServerOptions } from './http-server.js';
import { Liveness } from './liveness.js';
import type { Log } from './log.js';
import type { MetricsOptions } from './metrics.js';

/** Where the platform looks for each, unless it says otherwise. */
const LIVENESS_PORT = 8000;
const METRICS_PORT = 8020;
/** Of the exporter that the Python connector has besides. */
const WORKER_METRICS_PORT = 8010;
/** What the label `intake_key` holds. */
const LABEL_SETTING = 'metrics_intake_key_label';

const SHOWN_KEY =
  `Metrics show the intake key to whoever can reach their port (${LABEL_SETTING} is clear): ` +
  'let dashboards ask for its fingerprint instead';

/** What the platform watches a run by. */
export interface Monitoring {
  /**
   * From when the settings are known: serves metrics as well, and tells the log what cannot be served.
   * @returns what is to be told of the run
   */
  begin(profile: TriggerProfile, log: Log): Promise<PipelineListener>;
  close(): Promise<void>;
}

export interface MonitoringOptions {
  readonly lookup: Lookup;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Told of everything that is heard of a run. */
  readonly errors?: ErrorAccount;
}

/** A server to be opened, and the name of its port. */
interface Wanted {
  readonly setting: string;
  readonly port: number;
  /** What cannot be done where it has no port. */
  readonly loss: string;
}

/** Answers `/health` from now on. Never rejects: what cannot be had is told when the run begins. */
export async function openMonitoring({
  lookup,
  environment,
  clock,
  errors = new ErrorAccount(clock),
}: MonitoringOptions): Promise<Monitoring> {
  const problems: string[] = [];
  const servers: HttpServer[] = [];
  const liveness = new Liveness(clock, errors);

  const textOf = async (name: string): Promise<Found<string> | undefined> => {
    const { value, problems: unreadable } = await settle(lookup.text(name));
    for (const { problem, origin = name } of unreadable) problems.push(`${name} ${problem} (${origin})`);
    return value;
  };
  const portOf = (setting: string, given: string | undefined, usual: number): number => {
    const text = given?.trim() ?? '';
    if (text === '') return usual;
    const port = Number(text);
    if (/^\d+$/.test(text) && port <= 65_535) return port;
    problems.push(`${setting} must be an integer from 1 to 65535, or 0 for none: using ${usual}`);
    return usual;
  };
  const open = async (
    { setting, port, loss }: Wanted,
    serve: (where: Omit<HttpServerOptions, 'answer'>) => Promise<HttpServer>,
  ): Promise<void> => {
    try {
      servers.push(await serve({ port, host }));
    } catch (thrown) {
      problems.push(`${loss}: ${describeListenFailure(thrown, port)} (${setting})`);
    }
  };

  const host = (await textOf('listen_host'))?.value.trim() || undefined;
  const livenessPort = portOf('liveness_port', (await textOf('liveness_port'))?.value, LIVENESS_PORT);
  const metricsPort = portOf('metrics_port', (await textOf('metrics_port'))?.value, METRICS_PORT);
  const worker = 'WORKER_PROM_LISTEN_PORT';
  const workerPort = portOf(worker, environment[worker], WORKER_METRICS_PORT);

  // Never quoted where it is something else: somebody may take it for the key's own place.
  const label = (await textOf(LABEL_SETTING))?.value.trim().toLowerCase() ?? '';
  const showsIntakeKey = label === 'clear';
  if (!['', 'fingerprint', 'clear'].includes(label))
    problems.push(`${LABEL_SETTING} must be fingerprint or clear: using fingerprint`);

  if (livenessPort !== 0) {
    const loss = 'Whether the connector is alive cannot be asked';
    await open({ setting: 'liveness_port', port: livenessPort, loss }, (where) =>
      openHttpServer({ ...where, answer: (path) => liveness.answer(path) }),
    );
  }
  const loss = 'Metrics are not served there';
  const exporters = [
    { setting: 'metrics_port', port: metricsPort, loss },
    { setting: worker, port: workerPort, loss },
  ].filter(({ port }) => port !== 0);

  return {
    async begin(profile, log) {
      liveness.begin(profile.paceMs, log);
      const metrics = exporters.length === 0 ? undefined : await openMetrics(profile, clock, { showsIntakeKey });
      if (metrics !== undefined) for (const exporter of exporters) await open(exporter, metrics.serve);
      if (metrics !== undefined && showsIntakeKey) problems.push(SHOWN_KEY);
      for (const problem of problems) log.warning(problem);
      return (event, stream) => {
        liveness.hear(event, stream);
        metrics?.listener(event, stream);
      };
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

interface OpenMetrics {
  readonly listener: PipelineListener;
  readonly serve: (where: Omit<HttpServerOptions, 'answer'>) => Promise<HttpServer>;
}

/** Loaded only where they are served: collecting needs none of it. */
async function openMetrics(profile: TriggerProfile, clock: Clock, options: MetricsOptions): Promise<OpenMetrics> {
  const [{ createMetrics }, { serveMetrics }] = await Promise.all([
    import('./metrics.js'),
    import('./serve-metrics.js'),
  ]);
  const metrics = createMetrics(profile, clock, options);
  return { listener: metrics.listener, serve: (where) => serveMetrics(metrics, where) };
}
