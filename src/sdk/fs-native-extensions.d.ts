/** The package ships no types; this is the one function used here. */
declare module 'fs-native-extensions' {
  /** Locks the file of a descriptor for this process; false where another descriptor holds the lock. */
  export function tryLock(fd: number): boolean;
}
