import { versions } from 'node:process';

/**
 * The latest major version of V8 that takes our choice of its compilers (Node.js 24). Version 14 (Node.js 26) ends the process
 * where one module was compiled by our choice and another one is compiled later, or runs long enough.
 */
const LATEST_TRIED = 13;
/** That of Node.js 20. Later ones have no such setting, and say so on the error output. */
const LATEST_WITH_INTERRUPT_BUDGET = 11;

const MAJOR = Number.parseInt(versions.v8, 10);

/**
 * Whether V8 may be told how to compile WebAssembly. A version that is not known here is left to itself: flags that went
 * together in one made another end the process.
 */
export const IS_TRIED_V8 = MAJOR <= LATEST_TRIED;

/** Whether V8 may be told when to optimise a function. */
export const HAS_INTERRUPT_BUDGET = MAJOR <= LATEST_WITH_INTERRUPT_BUDGET;
