import { ModuleError } from '../errors.js';

const GOES_ON = 'A connector at work goes on once it can save; a command has to be given again.';

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: `Free space on the disk: nothing is lost. ${GOES_ON}`,
  EDQUOT: `Raise the disk quota or free space: nothing is lost. ${GOES_ON}`,
  EACCES: 'Give the user that runs this program the right to read and write there.',
  EPERM: 'Give the user that runs this program the right to read and write there.',
  EROFS: 'The file system is mounted read-only: mount it writable or choose another data path.',
  ENOENT: 'The data path is gone: create it, or mount its volume again.',
  ENOTDIR: 'A file stands where a folder is needed: move it away or choose another data path.',
  EEXIST: 'A file stands where a folder is needed: move it away or choose another data path.',
  EISDIR: 'A folder stands where a file is needed: move it away or choose another data path.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENOLCK: 'The file system has no locks: choose a data path on a local disk.',
  ERR_NO_FILE_LOCKS: "Install the dependencies on this very machine ('npm ci'); on Linux it must be one with glibc.",
};

const DEFAULT_ADVICE = 'Look at the disk of the data path.';

/** Whether a disk was full: that passes once somebody makes room, and nothing else is wrong. */
export function isOutOfRoom({ cause }: ModuleError): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** A failure of the disk as the error that the rest of the program knows. `deed`: 'write', 'read', 'lock'. */
export function stateUnavailable(deed: string, path: string, cause: unknown): ModuleError {
  if (cause instanceof ModuleError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const reason = code === undefined ? '' : ` (${code})`;
  return new ModuleError('STATE_UNAVAILABLE', `Cannot ${deed} ${path}${reason}`, {
    advice: (code === undefined ? undefined : ADVICE[code]) ?? DEFAULT_ADVICE,
    cause,
  });
}
