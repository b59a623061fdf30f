import { jsonAnswer } from '../http/exchange.js';
import { readInterval, renderDistinct, renderIntervals } from './aggregates.js';
import type { Endpoint, PreparedQuery, PrepareQuery } from './endpoint.js';
import type { EventStore, RowQuery } from './event-store.js';
import { createEventsEndpoint } from './events-endpoint.js';
import type { JumpcloudApiOptions } from './options.js';
import { type JsonObject, readBody, readSelection } from './query.js';
import { RequestRefused } from './request-refused.js';
import { readFilter, valueAt } from './search-term.js';

const DAY_MS = 86_400_000;

/** The four endpoints, by their path below the service root (API page, 3). */
export function createEndpoints(store: EventStore, options: JumpcloudApiOptions): Readonly<Record<string, Endpoint>> {
  const prepare = createPreparation(store, options);

  const collect = <T>({ rows, accepts }: PreparedQuery, read: (row: number) => T): T[] => {
    const values: T[] = [];
    store.scan(rows, (row) => {
      if (accepts(row)) values.push(read(row));
      return true;
    });
    return values;
  };

  return {
    '/events': createEventsEndpoint(store, options, prepare),
    '/events/count': (request, { caller }) => {
      const query = prepare(request, caller);
      let count = 0;
      store.scan(query.rows, (row) => {
        if (query.accepts(row)) count++;
        return true;
      });
      return jsonAnswer(200, { count });
    },
    '/events/distinct': (request, { caller }) => {
      const query = prepare(request, caller);
      const { field } = query.body;
      if (typeof field !== 'string') throw new RequestRefused(400, 'field is required');
      const values = collect(query, (row) => valueAt(JSON.parse(store.text(row).toString()), field));
      const present = values.filter((value) => value !== undefined && value !== null);
      return jsonAnswer(200, renderDistinct(present.map(asKey), field, options.distinctShape ?? 'flat'));
    },
    '/events/interval': (request, { caller }) => {
      const query = prepare(request, caller);
      const interval = readInterval(query.body);
      return jsonAnswer(
        200,
        renderIntervals(
          collect(query, (row) => store.timestampMs(row)),
          interval,
        ),
      );
    },
  };
}

function asKey(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function createPreparation(store: EventStore, options: JumpcloudApiOptions): PrepareQuery {
  const now = options.now ?? Date.now;
  const { startInclusive = true, endInclusive = true, retentionDays = 90 } = options;
  const exceptServices = new Set(options.servicesOutsideAll);

  return (request, caller) => {
    const nowMs = now();
    const body = readBody(request);
    const selection = readSelection(body, options, nowMs);
    const filter = readFilter(body);
    const oldestMs = nowMs - retentionDays * DAY_MS;
    const { start, end, services } = selection;
    const from =
      start.ms < oldestMs ? { ms: oldestMs, ns: 0, inclusive: true } : { ...start, inclusive: startInclusive };
    const rows: RowQuery = {
      from,
      visibleAtMs: nowMs,
      ...(end === undefined ? {} : { to: { ...end, inclusive: endInclusive } }),
      ...(services.includes('all') ? { exceptServices } : { services: new Set(services) }),
      ...(caller.organizations === undefined ? {} : { organizations: caller.organizations }),
    };
    const accepts =
      filter === undefined ? () => true : (row: number) => filter(JSON.parse(store.text(row).toString()) as JsonObject);
    return { body, selection, rows, accepts };
  };
}
