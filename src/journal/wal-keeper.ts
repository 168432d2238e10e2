/**
 * Keeps a write-ahead file short without making its writer wait:
 *
 *   every 8 MB    the thread copies the file into the database (PASSIVE: nobody waits), and goes
 *                 on until it has caught up or nearly so
 *   over 24 MB    once the thread is done, the writer copies the few frames added meanwhile; the
 *                 next commit then starts at the file's beginning
 *   over 40 MB    the thread does not keep up: the writer waits for it
 *
 * Without the thread the writer copies every 8 MB and waits each time. Only a reader that stays
 * in one transaction can make the file grow further: it may need the oldest frames.
 */
import { JOURNAL } from '../config/limits.ts';
import type { CheckpointLane, Chore } from './checkpointer.ts';
import type { Connection } from './sqlite-connection.ts';
import { openCopier } from './sqlite-connection.ts';

/** In front of each page in the file. */
const FRAME_HEADER_BYTES = 24;

/** Of what SQLite returns: frames in the file. */
interface CheckpointResult {
  readonly log: number;
}

export class WalKeeper {
  readonly #db: Connection;
  readonly #lane: CheckpointLane | null;
  /** Written since the file started over, and since a copy was last asked for; about. */
  #walBytes = 0;
  #sinceCopyBytes = 0;
  #copyAsked = false;
  #laneIsLost = false;

  constructor(db: Connection, lane: CheckpointLane | null) {
    this.#db = db;
    this.#lane = lane;
  }

  /** @throws Error where an earlier copy failed. To be asked before each commit. */
  check(): void {
    this.#lane?.check();
  }

  /**
   * To be told after each commit.
   * @param bytes stored by the commit. @param rows rows that it wrote.
   */
  wrote(bytes: number, rows: number): void {
    // A row takes whole pages for what it holds, and the two that lead there change as well.
    const pages = Math.ceil(bytes / JOURNAL.pageBytes) + 2 * rows;
    this.#walBytes += pages * (JOURNAL.pageBytes + FRAME_HEADER_BYTES);
    this.#sinceCopyBytes += pages * (JOURNAL.pageBytes + FRAME_HEADER_BYTES);
    if (this.#lane === null || this.#laneIsLost) this.#copyMyself();
    else this.#letCopy(this.#lane);
  }

  /** Lets the thread go and leaves an empty write-ahead file, if nobody is reading it. */
  close(): void {
    this.#lane?.close();
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** Lets the thread go, and leaves the files to recovery. */
  abandon(): void {
    this.#lane?.close();
  }

  #copyMyself(): void {
    if (this.#sinceCopyBytes < JOURNAL.checkpointBytes) return;
    checkpoint(this.#db);
    this.#sinceCopyBytes = 0;
  }

  #letCopy(lane: CheckpointLane): void {
    if (!lane.idle) {
      if (this.#walBytes < JOURNAL.walWaitBytes) return;
      // A thread that does not answer has died (it had no memory, for instance).
      this.#laneIsLost = !lane.awaitIdle(JOURNAL.walWaitMsMax);
    }
    if (this.#copyAsked) {
      this.#copyAsked = false;
      if (this.#walBytes >= JOURNAL.walRestartBytes) {
        checkpoint(this.#db);
        this.#walBytes = 0;
      }
    }
    if (this.#sinceCopyBytes < JOURNAL.checkpointBytes) return;
    this.#sinceCopyBytes = 0;
    this.#copyAsked = true;
    lane.request();
  }
}

/** The thread's side. */
export function openCheckpointChore(file: string, synchronous: 'FULL' | 'NORMAL'): Chore {
  const db = openCopier(file, synchronous);
  return { run: () => copyUntilQuiet(db), close: () => void db.close() };
}

/**
 * Copies until a pass finds nothing new. A pass syncs the database only if nothing was added
 * meanwhile, so the last ones, which are short, are what leaves the writer little to do.
 */
function copyUntilQuiet(db: Connection): void {
  let framesBefore = -1;
  for (let pass = 0; pass < JOURNAL.copyPassesMax; pass++) {
    const { log } = checkpoint(db);
    if (log === framesBefore) return;
    framesBefore = log;
  }
}

function checkpoint(db: Connection): CheckpointResult {
  return (db.pragma('wal_checkpoint(PASSIVE)') as CheckpointResult[])[0] as CheckpointResult;
}
