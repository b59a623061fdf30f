import type { Lookup } from '../configuration/lookup.js';
import { settle } from '../configuration/settle.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import type { Clock, FileSystem } from '../ports.js';
import { directoryLocation } from './directory-location.js';
import type { StorageLocation } from './storage-location.js';

export interface StorageSearch {
  readonly lookup: Lookup;
  /** Where state is kept if nothing says S3; absolute. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
}

/** Where state is kept. With problems, the location refuses to be opened. */
export interface FoundStorage {
  readonly location: StorageLocation;
  /** Where S3 was asked for; undefined for the directory. */
  readonly origin?: string;
  readonly problems: readonly ConfigurationProblem[];
}

/**
 * The one place that decides where a run keeps its state: `file_backend` says S3, in any case, or it is the directory,
 * as with the platform's own SDK.
 */
export async function findStorage({ lookup, directory, fileSystem, clock }: StorageSearch): Promise<FoundStorage> {
  const { value: backend, problems } = await settle(lookup.text('file_backend'));
  const local = directoryLocation(directory, fileSystem);
  if (problems.length > 0) return broken(local, problems);
  if (backend?.value.trim().toLowerCase() !== 's3') return { location: local, problems };
  const [{ readS3Settings }, { bucketLocation }] = await Promise.all([
    import('./s3-settings.js'),
    import('./bucket-location.js'),
  ]);
  const settings = await readS3Settings(lookup);
  if ('bucket' in settings) return { location: bucketLocation(settings, clock), origin: backend.origin, problems };
  return { ...broken(local, settings), origin: backend.origin };
}

/** State in a directory that nobody keeps would be lost at each restart: better not to start. */
function broken(location: StorageLocation, problems: readonly ConfigurationProblem[]): FoundStorage {
  const refuse = (): Promise<never> => Promise.reject(new ConfigurationError(problems));
  return { location: { ...location, open: refuse, openReadOnly: refuse }, problems };
}
