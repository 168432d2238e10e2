/** Threads and processes that yield to bids: on Linux a thread has a priority of its own. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** This thread gets less of the processor; elsewhere all of the process stays as it is. */
export function yieldToOthers(niceness: number): void {
  if (process.platform !== 'linux') return;
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
}

/** All threads that the process has, and those that they start from here on. */
export function yieldAsProcess(niceness: number): void {
  if (process.platform !== 'linux') return setPriority(0, niceness);
  for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), niceness);
}
