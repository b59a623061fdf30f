/** Names of members at the top of an event's JSON object. */
export interface EventMembers {
  /** What identifies the event: a string or a number. Two events with the same one, at the same time, are one event. */
  readonly id: string;
  /** The event's own time, in ISO 8601 or RFC 3339 text. */
  readonly timestamp: string;
  /** Which of the source's services it comes from; lateness is measured by it. Default: none. */
  readonly service?: string;
}

/** What is known of an event without looking at the rest of it. */
export interface EventPlace {
  /** What identifies it; undefined where nothing does: then its text does. */
  readonly id: string | undefined;
  /** Its own time, epoch milliseconds; undefined where it has none. */
  readonly timestampMs: number | undefined;
  /** Which of the source's services it comes from, where it says so. */
  readonly service?: string | undefined;
}

/**
 * How the id and the time of an event are found. By names of members, which is fast: events are not parsed. Or by a function
 * of the parsed event, for APIs that nest them or count time in numbers; it is handed whatever JSON value the source sent,
 * and must not throw. JSON.parse rounds numbers beyond 2^53: of an event that is known by one of these, leave the id
 * undefined, so that two events are never taken for one.
 */
export type EventIdentity = EventMembers | ((event: unknown) => EventPlace);

/** What the SDK looks for where nothing else is said. */
export const USUAL_MEMBERS: EventMembers = { id: 'id', timestamp: 'timestamp', service: 'service' };
