import type { FaultEffect } from '../faults/fault-scenario.js';
import type { SimulatedAnswer, SimulatedRequest } from '../http/exchange.js';
import type { Caller } from './authentication.js';
import type { RowQuery } from './event-store.js';
import type { JsonObject, Selection } from './query.js';

/** What an endpoint knows beside the request. */
interface EndpointContext {
  readonly caller: Caller;
  readonly effects: readonly FaultEffect[];
}

/** Answers a request whose sender is known; refuses by throwing `RequestRefused`. */
export type Endpoint = (request: SimulatedRequest, context: EndpointContext) => SimulatedAnswer;

/** A question to the store, made out of a body. */
export interface PreparedQuery {
  readonly body: JsonObject;
  readonly selection: Selection;
  readonly rows: RowQuery;
  /** Rejects rows that the body's filters do not let through. */
  readonly accepts: (row: number) => boolean;
}

/** Reads and checks the members that all endpoints share. */
export type PrepareQuery = (request: SimulatedRequest, caller: Caller) => PreparedQuery;
