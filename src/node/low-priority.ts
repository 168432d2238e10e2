/** Threads that yield to bids: on Linux a thread has a priority of its own. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** This thread gets less of the processor; elsewhere all of the process stays as it is. */
export function yieldToOthers(niceness: number): void {
  if (process.platform !== 'linux') return;
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
}
