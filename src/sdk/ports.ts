/**
 * What the SDK asks of the world. Nothing below a composition root reads the clock, the disk, the network or the
 * environment by itself: it takes one of these, which is what lets the whole connector run in virtual time.
 */

/** Wall clock, stopwatch and waits. All values in milliseconds. */
export interface Clock {
  /** Wall-clock time, epoch milliseconds. May jump; use it for event times only. */
  now(): number;
  /** Time since an arbitrary origin. Never goes back; use it for durations. */
  monotonic(): number;
  /** Resolves after `delayMs`, or at once when `signal` aborts: it never rejects. The caller looks at the signal. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** A source of randomness in [0, 1), for jitter. */
export type Random = () => number;

/** One HTTP exchange to be tried. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'HEAD';
  /** Absolute. */
  readonly url: string;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its length is told by the transport. */
  readonly body?: Uint8Array | string;
  /** Longest wait for the answer's headers, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Longest silence inside the answer's body, milliseconds. */
  readonly bodyTimeoutMs: number;
  /** Aborts the try, its body included. */
  readonly signal?: AbortSignal;
}

/** An answer whose body is still on its way. Read the body to its end or cancel it, else the connection is held. */
export interface HttpResponse {
  /** Any, 5xx too. */
  readonly status: number;
  /** Names in lower case. A repeated header is joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The decompressed body, in pieces as they arrive, each of which is good until the next one is asked for, or the loop is left:
   * what is needed longer is to be copied. Leaving the loop early closes the connection.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/** One try of one exchange. Any status resolves; a failure to get an answer rejects. Redirects are not followed. */
export interface HttpTransport {
  /** Tries once. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** Files that hold one small document each. Paths are absolute. */
export interface FileSystem {
  /** Undefined where no such file exists; any other failure rejects. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Replaces the file as a whole: after a crash it holds the old or the new content, durable once resolved. */
  writeAtomically(path: string, content: Uint8Array): Promise<void>;
  /** Removing what is not there is no error. */
  remove(path: string): Promise<void>;
  /** File names (no directories) directly inside a directory; empty where it does not exist. */
  list(directory: string): Promise<string[]>;
  makeDirectory(path: string): Promise<void>;
  /** Takes a lock that the operating system releases with the process; undefined where another process holds it. */
  tryLock(path: string): Promise<FileLock | undefined>;
}

/** Files of any size, to be read. Paths may be relative. */
export interface FileReading {
  /** What is at a path, links followed; undefined where nothing is. */
  look(path: string): Promise<FileSight | undefined>;
  /** Names directly inside a directory, in any order: of files, directories and whatever else there is. */
  names(directory: string): Promise<string[]>;
  /** A file's bytes, in pieces, from its beginning. Leaving the loop early closes it. */
  open(path: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What is at a path. */
export interface FileSight {
  /** `other`: a pipe, a device or the like. */
  readonly kind: 'file' | 'directory' | 'other';
  /** Bytes. */
  readonly size: number;
  /** When it was written last, epoch milliseconds. */
  readonly modifiedMs: number;
  /** Tells it from all others on this machine, by whatever path it is reached. */
  readonly identity: string;
}

/** A held lock. */
export interface FileLock {
  release(): Promise<void>;
}

/** Environment variables, by exact name. */
export type Environment = Readonly<Record<string, string | undefined>>;
