import type { FaultEffect } from '../faults/fault-scenario.js';
import type { SimulatedAnswer } from '../http/exchange.js';
import { projectEvent } from './aggregates.js';
import type { Endpoint, PreparedQuery, PrepareQuery } from './endpoint.js';
import type { EventStore } from './event-store.js';
import { readFields } from './known-fields.js';
import type { JumpcloudApiOptions } from './options.js';
import { createPageTokens } from './page-tokens.js';
import { type JsonObject, readLimit, readSkip, readSort } from './query.js';

/** Members of a body that make two queries different; the API ignores all others. */
const QUERY_MEMBERS = [
  'service',
  'start_time',
  'end_time',
  'limit',
  'sort',
  'fields',
  'search_term',
  'q',
  'exact_match',
  'skip',
] as const;

/** The paging endpoint (API page, 3.1, 3.5 and 4). */
export function createEventsEndpoint(store: EventStore, options: JumpcloudApiOptions, prepare: PrepareQuery): Endpoint {
  const tokens = createPageTokens(options.tokens);

  return (request, { caller, effects }) => {
    const query = prepare(request, caller);
    const { body } = query;
    const limit = readLimit(body.limit, options.excessiveLimit);
    const sort = readSort(body.sort);
    const fields = readFields(body.fields);
    const fingerprint = fingerprintOf(body, request.headers['x-org-id']);
    const before = body.search_after === undefined ? undefined : tokens.redeem(body.search_after, fingerprint);
    const afterRow = before?.row === undefined ? {} : { afterRow: before.row };
    const rows = withDuplicates(
      pageOf({ ...query, rows: { ...query.rows, ...afterRow, descending: sort === 'DESC' } }, limit),
      { effects, limit },
    );
    const last = rows.at(-1);
    const position =
      last === undefined
        ? { row: before?.row, epochMs: before?.epochMs ?? query.selection.start.ms }
        : { row: last, epochMs: store.timestampMs(last) };
    const repeats = effects.some(({ kind }) => kind === 'repeated_token') && body.search_after !== undefined;
    return {
      status: 200,
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Result-Count', String(rows.length)],
        ['X-Limit', String(limit)],
        ['X-Sort', sort],
        ['X-Search_after', repeats ? JSON.stringify(body.search_after) : tokens.issue(position, fingerprint)],
      ],
      body: fields === undefined ? store.renderArray(rows) : renderProjected(rows, fields),
    } satisfies SimulatedAnswer;
  };

  function pageOf({ rows, accepts, body }: PreparedQuery, limit: number): number[] {
    // An offset counts from the query's beginning, so it has had its effect once there is a token.
    let toSkip = body.search_after === undefined ? readSkip(body.skip) : 0;
    const page: number[] = [];
    store.scan(rows, (row) => {
      if (accepts(row) && toSkip-- <= 0) page.push(row);
      return page.length < limit;
    });
    return page;
  }

  function renderProjected(rows: readonly number[], fields: readonly string[]): Buffer {
    const events = rows.map((row) => projectEvent(JSON.parse(store.text(row).toString()) as JsonObject, fields));
    return Buffer.from(JSON.stringify(events));
  }
}

function fingerprintOf(body: JsonObject, organizations: readonly string[] | undefined): string {
  return JSON.stringify([...QUERY_MEMBERS.map((name) => body[name] ?? null), organizations ?? null]);
}

/** Sends the page's first rows twice. What no longer fits into the page comes with the next one. */
function withDuplicates(
  rows: readonly number[],
  { effects, limit }: { readonly effects: readonly FaultEffect[]; readonly limit: number },
): readonly number[] {
  const effect = effects.find((one) => one.kind === 'duplicate_rows');
  if (effect === undefined) return rows;
  return rows.flatMap((row, index) => (index < effect.rows ? [row, row] : [row])).slice(0, limit);
}
