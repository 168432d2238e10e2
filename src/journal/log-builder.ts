/**
 * Writes a log file in one go: of rows that were checked, as a copy, or of new batches, which it links
 * to the chain. Fast, because the file only counts once it is renamed: nothing is synced before.
 *
 *   FILE.new ◀── put(row) or append(batch), in order ──▶ finish: sync, rename
 */
import { renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { JOURNAL } from '../config/limits.ts';
import { ChainLinker, NO_HASH } from './chain.ts';
import { syncFile } from './data-folder.ts';
import type { Batch, Head } from './journal.ts';
import type { LogRow } from './log-table.ts';
import { INSERT_ROW, LOG_FILE, lastSeqOf } from './log-table.ts';
import { SEQ_NONE } from './seq.ts';
import type { Connection, Statement } from './sqlite-connection.ts';

/** How far a log goes, and when that was committed (microseconds since 1970; 0: never). */
export interface CopiedLog {
  readonly head: Head;
  readonly atUs: number;
}

export const EMPTY_COPY: CopiedLog = { head: { seq: SEQ_NONE, hash: NO_HASH }, atUs: 0 };

export class LogBuilder {
  readonly #file: string;
  readonly #temporary: string;
  readonly #db: Connection;
  readonly #insert: Statement;
  readonly #linker = new ChainLinker();
  #copied = EMPTY_COPY;
  #bytes = 0;

  constructor(file: string) {
    this.#file = file;
    this.#temporary = `${file}.new`;
    rmSync(this.#temporary, { force: true });
    this.#db = new Database(this.#temporary);
    this.#db.pragma(`page_size = ${JOURNAL.pageBytes}`);
    this.#db.pragma('synchronous = OFF');
    this.#db.exec(LOG_FILE.schema);
    this.#db.pragma(`application_id = ${LOG_FILE.applicationId}`);
    this.#db.pragma(`user_version = ${LOG_FILE.format}`);
    this.#insert = this.#db.prepare(INSERT_ROW);
    this.#db.exec('BEGIN');
  }

  get head(): Head {
    return this.#copied.head;
  }

  get lastAtUs(): number {
    return this.#copied.atUs;
  }

  /** The next row, as it stood elsewhere. */
  put(row: LogRow): void {
    const { firstSeq, count, epoch, atUs, checksum, hash, payload } = row;
    this.#insert.run(firstSeq, count, epoch, atUs, checksum, hash, payload);
    this.#copied = { head: { seq: lastSeqOf(row), hash }, atUs };
    this.#bytes += payload.length;
    if (this.#bytes < JOURNAL.copyTransactionBytes) return;
    this.#db.exec('COMMIT; BEGIN');
    this.#bytes = 0;
  }

  /** A batch that follows on what is there. */
  append(batch: Batch): void {
    const { firstSeq, count, epoch, atUs } = batch;
    const { payload, checksum, hash } = this.#linker.link(this.head.hash, batch);
    this.put({ firstSeq, count, epoch, atUs, checksum, hash, payload: Buffer.from(payload) });
  }

  /** The file is there, durable but for its name in the folder. @param durable else it may be lost */
  finish(durable = true): CopiedLog {
    this.#db.exec('COMMIT');
    this.#db.close();
    if (durable) syncFile(this.#temporary);
    renameSync(this.#temporary, this.#file);
    return this.#copied;
  }

  /** Lets go. Without `finish` before it nothing is left. */
  close(): void {
    this.#db.close();
    rmSync(this.#temporary, { force: true });
  }
}
