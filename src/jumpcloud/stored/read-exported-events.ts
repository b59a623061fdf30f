import { readStoredEvents, type StoredEvents, type StoredReading } from '../../sdk/stored/read-stored-events.js';
import { restoreKeys } from './restore-keys.js';

/** Reads events out of a stored object, as `readStoredEvents`, in the form that the API gives them where that is certain. */
export function readExportedEvents(
  chunks: AsyncIterable<Uint8Array>,
  reading: Omit<StoredReading, 'restore'>,
): AsyncGenerator<StoredEvents, void, undefined> {
  return readStoredEvents(chunks, { ...reading, restore: restoreKeys });
}
