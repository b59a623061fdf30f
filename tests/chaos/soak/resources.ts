import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a process and its data path take at one moment. */
export interface Resources {
  /** Resident memory, bytes. */
  readonly rss: number;
  /** Of that, memory of its own that it has written to, bytes. */
  readonly privateDirty: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Bytes in the files of the data path. */
  readonly dataPath: number;
  readonly files: number;
}

/** Looks at a process as Linux shows it. @returns undefined where it is gone */
export function resourcesOf(pid: number, dataPath: string): Resources | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return {
      rss: kilobytes(status, 'VmRSS') * 1024,
      privateDirty: kilobytes(rollup, 'Private_Dirty') * 1024,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: kilobytes(status, 'Threads'),
      ...sizeOf(dataPath),
    };
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw thrown;
  }
}

function kilobytes(text: string, name: string): number {
  const [, number = 'NaN'] = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text) ?? [];
  return Number(number);
}

function sizeOf(directory: string): Pick<Resources, 'dataPath' | 'files'> {
  let [dataPath, files] = [0, 0];
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A file may be replaced or forgotten between two looks.
    dataPath += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    files += 1;
  }
  return { dataPath, files };
}
