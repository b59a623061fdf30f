/** The part of undici that is loaded by itself; the package describes it only as a whole. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export = Agent;
}
