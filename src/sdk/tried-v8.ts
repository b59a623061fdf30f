import { versions } from 'node:process';

/** The latest major version of V8 with which our choice of its compilers was tried (Node.js 26). */
const LATEST_TRIED = 14;

/**
 * Whether V8 may be told how to compile WebAssembly. A version that is not known here is left to itself: flags that went
 * together in one made another end the process.
 */
export const IS_TRIED_V8 = Number.parseInt(versions.v8, 10) <= LATEST_TRIED;
