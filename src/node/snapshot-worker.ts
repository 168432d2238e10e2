/** Entry of the thread that takes one snapshot, lets go of old ones, and ends. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { SNAPSHOT_KEEPER } from '../config/limits.ts';
import { isSnapshotName, isUnfinishedName, snapshotName } from '../journal/snapshot-names.ts';
import { deleteSnapshot, snapshotFolder } from '../journal/snapshot-folder.ts';
import { must } from '../lib/assert.ts';
import { programVersion } from '../lib/version.ts';
import { yieldToOthers } from './low-priority.ts';
import type { FromSnapshotWorker, SnapshotWorkerData } from './snapshot-keeper.ts';

const { folder, snapshots, keep, nowMs } = workerData as SnapshotWorkerData;
const port = must(parentPort, 'a snapshot worker has a parent');

yieldToOthers(SNAPSHOT_KEEPER.niceness);
mkdirSync(snapshots, { recursive: true, mode: SNAPSHOT_KEEPER.folderMode });
for (const name of readdirSync(snapshots).filter(isUnfinishedName)) {
  rmSync(join(snapshots, name), { recursive: true });
}
const startedMs = performance.now();
const path = join(snapshots, snapshotName(nowMs));
const { files } = await snapshotFolder(folder, path, { nowMs, server: programVersion() });
// Only now that there is a newer one.
const names = readdirSync(snapshots).filter(isSnapshotName).toSorted();
for (const name of names.slice(0, Math.max(0, names.length - keep))) {
  deleteSnapshot(join(snapshots, name));
}
port.postMessage({
  path,
  seconds: (performance.now() - startedMs) / 1000,
  bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  storedBytes: files.reduce((sum, file) => sum + file.storedBytes, 0),
} satisfies FromSnapshotWorker);
