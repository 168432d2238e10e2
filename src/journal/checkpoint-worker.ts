/** Entry of the thread that copies write-ahead files and syncs the head: see checkpointer.ts. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { CheckpointWorkerData, Chore, LaneJob } from './checkpointer.ts';
import { serveLanes } from './checkpointer.ts';
import { openCheckpointChore } from './wal-keeper.ts';

function openChore(job: LaneJob): Chore {
  if (job.kind === 'checkpoint') return openCheckpointChore(job.file, job.synchronous);
  const fd = openSync(job.file, 'r+');
  return { run: () => fsyncSync(fd), close: () => closeSync(fd) };
}

serveLanes(workerData as CheckpointWorkerData, openChore);
