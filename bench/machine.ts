/** The machine that figures were measured on, as one line: figures without it say little. */
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Runnable processes over the last minute, before we started: what else was going on. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cores: all.length,
    cpu: `${(all[0]?.model ?? 'unknown').trim()}${clock()}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()} ${arch()}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGb, kernel, node, loadBefore } = machine;
  return `${cores} cores ${cpu}, ${memoryGb} GB, ${kernel}, Node ${node}, load before ${loadBefore}`;
}

/** As virtual machines tell no model, the clock says something. Linux only. */
function clock(): string {
  try {
    const mhz = /^cpu MHz\s*:\s*([\d.]+)/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return mhz === undefined ? '' : ` ${(Number(mhz) / 1000).toFixed(1)} GHz`;
  } catch {
    return '';
  }
}
