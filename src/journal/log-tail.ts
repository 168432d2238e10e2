/**
 * Follows a log that a server appends to: for whoever has to know what was committed, with a
 * watermark of its own (projections). Only reads; the writer is never held up.
 */
import type { StoredBatch } from './journal.ts';
import type { SqliteJournalFiles } from './sqlite-journal.ts';
import { batchOf } from './sqlite-journal.ts';
import { LOG_FILE, LogTable } from './log-table.ts';
import type { Seq } from './seq.ts';
import { seqAfter } from './seq.ts';
import type { Connection } from './sqlite-connection.ts';
import { openForReading } from './sqlite-connection.ts';

export class LogTail {
  readonly #db: Connection;
  readonly #table: LogTable;

  /** The log has to be there. @throws DamagedJournal, WrongFormat */
  constructor({ logFile }: Pick<SqliteJournalFiles, 'logFile'>) {
    this.#db = openForReading(logFile, LOG_FILE);
    this.#table = new LogTable(this.#db, logFile);
  }

  /** The newest record that is in the log. */
  lastSeq(): Seq {
    return this.#table.lastSeq();
  }

  /**
   * What comes after a record, up to a committed one; the first batch may hold older ones too.
   * @throws DamagedJournal at the first batch that does not fit.
   */
  *after(seq: Seq, committedSeq: Seq): Iterable<StoredBatch> {
    if (seq >= committedSeq) return;
    for (const checked of this.#table.scan(seqAfter(seq), committedSeq)) {
      const batch = batchOf(checked);
      yield batch;
      if (seqAfter(batch.firstSeq, batch.count - 1) >= committedSeq) return;
    }
  }

  close(): void {
    this.#db.close();
  }
}
