import { answerWithFaults } from '../../faults/apply-faults.js';
import { createFaultEvaluator, type FaultEvaluator, NO_FAULTS } from '../../faults/fault-evaluator.js';
import type { FaultScenario } from '../../faults/fault-scenario.js';
import { jsonAnswer, refusal, type SimulatedAnswer, type SimulatedRequest } from '../../http/exchange.js';
import { createRequestLog, type SimulatorStats } from '../../http/request-log.js';
import type { Now } from '../../timing.js';
import {
  type LogLine,
  readLogLines,
  readTaskReport,
  readTriggerEvent,
  type TaskReport,
  type TriggerEvent,
} from './bodies.js';
import { PlatformRefused } from './request-refused.js';

/** The token that the simulator knows when none is configured. It is invented and opens nothing. */
export const SYNTHETIC_TOKEN = 'synthetic-platform-token-for-tests';

/** Where the services are below the host. The real path is not documented; only its last part means anything. */
const BASE_PATH = '/api/v1/symphony/runs/00000000-0000-4000-8000-000000000001';

export interface PlatformServicesOptions {
  readonly now?: Now;
  /** Default: the synthetic one. */
  readonly token?: string;
  /** What the platform keeps of the account. Default none. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** The rest of the account, which the answer to a task that starts holds as well. */
  readonly moduleConfiguration?: Readonly<Record<string, unknown>>;
  /** Faults of the side `platform`. */
  readonly scenario?: FaultScenario;
  /** Told of each line of the log tab as it comes. */
  readonly onLogLine?: (line: LogLine) => void;
}

/** The platform's services around one run of an item, without a socket: callback, secrets and logs (runtime page, A). */
export interface PlatformServices {
  /** The log tab, in the order of arrival. */
  readonly logs: readonly LogLine[];
  /** What was told of the task, in order. */
  readonly reports: readonly TaskReport[];
  /** Events of a trigger, in order. */
  readonly events: readonly TriggerEvent[];
  readonly stats: SimulatorStats;
  replaceSecrets(secrets: Readonly<Record<string, unknown>>): void;
  /** From now on these faults alone; their requests and seconds are counted from here. */
  playFaults(scenario: FaultScenario): void;
  /** Answers one request. Never throws. */
  handle(request: SimulatedRequest): SimulatedAnswer;
}

/** The path of a service. */
export function servicePath(service: 'callback' | 'secrets' | 'logs'): string {
  return `${BASE_PATH}/${service}`;
}

/** Creates services that nobody has asked yet. */
export function createPlatformServices(options: PlatformServicesOptions = {}): PlatformServices {
  const { token = SYNTHETIC_TOKEN, moduleConfiguration = {}, onLogLine } = options;
  const now = options.now ?? Date.now;
  const log = createRequestLog(now);
  const logs: LogLine[] = [];
  const reports: TaskReport[] = [];
  const events: TriggerEvent[] = [];
  const evaluatorOf = (scenario: FaultScenario): FaultEvaluator =>
    createFaultEvaluator({ scenario, side: 'platform', now });
  let faults = options.scenario === undefined ? NO_FAULTS : evaluatorOf(options.scenario);
  let secrets = options.secrets ?? {};

  const report = (request: SimulatedRequest): unknown => {
    const told = readTaskReport(request);
    const last = reports.at(-1)?.status;
    // Whoever saw no answer tells it again.
    if (told.status === 'running' && last === 'finished') throw new PlatformRefused(409, 'the task has finished');
    if (told.status === 'finished' && last === undefined) throw new PlatformRefused(409, 'the task has not started');
    reports.push(told);
    return told.status === 'running' ? { module_configuration: { value: { ...moduleConfiguration, ...secrets } } } : {};
  };

  const routes: Readonly<Record<string, (request: SimulatedRequest) => unknown>> = {
    [`GET ${servicePath('secrets')}`]: ({ body }) => {
      if (body.byteLength > 0) throw new PlatformRefused(400, 'a GET has no body');
      return { value: secrets };
    },
    [`POST ${servicePath('logs')}`]: (request) => {
      const lines = readLogLines(request);
      logs.push(...lines);
      for (const line of lines) onLogLine?.(line);
      return {};
    },
    [`PATCH ${servicePath('callback')}`]: report,
    [`POST ${servicePath('callback')}`]: (request) => {
      events.push(readTriggerEvent(request));
      return {};
    },
  };
  const paths = new Set(Object.keys(routes).map((route) => route.split(' ')[1]));

  const answer = (request: SimulatedRequest): SimulatedAnswer => {
    try {
      if (!paths.has(request.path)) throw new PlatformRefused(404, 'not found');
      const route = routes[`${request.method} ${request.path}`];
      if (route === undefined) throw new PlatformRefused(405, 'method not allowed');
      requireToken(request, token);
      return jsonAnswer(200, route(request));
    } catch (error) {
      if (error instanceof PlatformRefused) return refusal(error.status, error.message);
      return refusal(500, `simulator failed: ${String(error)}`);
    }
  };

  return {
    logs,
    reports,
    events,
    stats: log.stats,
    replaceSecrets: (next) => {
      secrets = next;
    },
    playFaults: (scenario) => {
      faults = evaluatorOf(scenario);
    },
    handle(request) {
      const effects = faults.forRequest({ path: request.path, eventTexts: () => [] });
      const final = answerWithFaults(effects, () => answer(request), [['Date', new Date(now()).toUTCString()]]);
      log.add(request, final);
      return final;
    },
  };
}

function requireToken(request: SimulatedRequest, token: string): void {
  const given = request.headers['authorization'];
  if (given?.length !== 1 || given[0] !== `Bearer ${token}`) throw new PlatformRefused(401, 'the token is not valid');
}
