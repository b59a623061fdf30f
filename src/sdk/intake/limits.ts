/**
 * What the intake takes, in bytes, from the platform's own SDK: it rejects an event over 250 KiB and a request over
 * 10 MiB, and the SDK stays below both.
 */
export const MAX_EVENT_BYTES = 250_000;
export const MAX_REQUEST_BYTES = Math.floor(10 * 1024 * 1024 * 0.9);
/**
 * A request is closed at this size: larger ones move events no faster, and every one that is under way takes as much
 * memory, and is sent again as a whole after a crash.
 */
export const BODY_BYTES = 1.5 * 1024 * 1024;
