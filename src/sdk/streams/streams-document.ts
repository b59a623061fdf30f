import type { Storage } from '../storage/storage.js';

/**
 * Stands at the root of a data path where the state of a single stream was left behind by streams with folders of their own:
 * nobody moves it any more.
 */
export const STREAMS_DOCUMENT = 'streams.json';

/** To be called before the streams are run, so that whoever looks at the root from now on is told. */
export async function leaveRoot(storage: Storage, streams: number): Promise<void> {
  if ((await storage.read(STREAMS_DOCUMENT)) !== undefined) return;
  await storage.write(STREAMS_DOCUMENT, Buffer.from(`${JSON.stringify({ streams })}\n`));
}

/** To be called before the stream of the root is run. */
export async function takeRoot(storage: Storage): Promise<void> {
  if ((await storage.read(STREAMS_DOCUMENT)) !== undefined) await storage.remove(STREAMS_DOCUMENT);
}
