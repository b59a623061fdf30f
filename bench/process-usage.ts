import { readFileSync } from 'node:fs';

/** Clock ticks a second of Linux's `/proc`, everywhere that Node.js runs. */
const TICKS = 100;

/** What a process has used so far, all its threads, as Linux shows it. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Peak of the resident memory. */
  readonly peakBytes: number;
}

/** @throws where there is no such process, or no `/proc` */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in brackets, may have blanks; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, peakKilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    peakBytes: Number(peakKilobytes) * 1024,
  };
}
