/** The names of snapshots that a server takes by itself: by time, so that they sort by it. */

const NAME = /^snapshot-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})Z$/;

/** Between the name of a snapshot and a number, in the name of one that is being taken. */
export const TAKING = '.taking-';

/** `snapshot-2026-03-01T11-59-00.000Z`: no colons, which some file systems do not take. */
export function snapshotName(takenAtMs: number): string {
  return `snapshot-${new Date(takenAtMs).toISOString().replaceAll(':', '-')}`;
}

/** Milliseconds since 1970; undefined: it is no such name. */
export function takenAtMsOf(name: string): number | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, day = '', hours = '', minutes = '', seconds = ''] = match;
  const takenAtMs = Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(takenAtMs) ? undefined : takenAtMs;
}

export function isSnapshotName(name: string): boolean {
  return takenAtMsOf(name) !== undefined;
}

/** Whether it was left behind by a server that was killed while it took one. */
export function isUnfinishedName(name: string): boolean {
  const [finished = '', number, ...more] = name.split(TAKING);
  return isSnapshotName(finished) && number !== undefined && more.length === 0;
}
