/**
 * The log as rows: one row a batch. What can be read, and what has to hold between rows, is the
 * same for the server that writes, for tools that only look, and for copies.
 */
import { JOURNAL } from '../config/limits.ts';
import { ChainLinker, HASH_BYTES, headerFits, NO_HASH, rowChecksum, unpack } from './chain.ts';
import { LOG_APPLICATION_ID, LOG_FORMAT } from './formats.ts';
import type { LinkedRecord, StoredRecord } from './journal.ts';
import { DamagedJournal, WAY_OUT } from './journal.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import type { Connection, FileKind, Statement } from './sqlite-connection.ts';
import { isCorruption } from './sqlite-connection.ts';

export const LOG_FILE: FileKind = {
  applicationId: LOG_APPLICATION_ID,
  format: LOG_FORMAT,
  schema: `
    CREATE TABLE log (
      first_seq INTEGER PRIMARY KEY,
      count     INTEGER NOT NULL,
      epoch     INTEGER NOT NULL,
      at_us     INTEGER NOT NULL,
      checksum  INTEGER NOT NULL,
      hash      BLOB    NOT NULL,
      payload   BLOB    NOT NULL
    ) STRICT`,
};

export const INSERT_ROW = 'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)';

export interface LogRow {
  readonly firstSeq: Seq;
  readonly count: number;
  readonly epoch: number;
  readonly atUs: number;
  readonly checksum: number;
  readonly hash: Uint8Array;
  readonly payload: Uint8Array;
}

type Parts = NonNullable<ReturnType<typeof unpack>>;

/** A row that fits its predecessor, taken apart. */
export interface CheckedRow {
  readonly row: LogRow;
  readonly parts: Parts;
}

export const COLUMNS =
  'first_seq AS firstSeq, count, epoch, at_us AS atUs, checksum, hash, payload';

/** A reader of the log's rows; `path` is for messages. */
export class LogTable {
  readonly #path: string;
  readonly #at: Statement;
  readonly #after: Statement;
  /** The row that was read last: repeated commands often ask for neighbours. */
  #cached: CheckedRow | null = null;
  /** The row whose place in the chain was checked last. */
  #linked: LogRow | null = null;
  readonly #linker = new ChainLinker();

  /** @throws DamagedJournal where the table is not there. */
  constructor(db: Connection, path: string) {
    this.#path = path;
    try {
      this.#at = db.prepare(
        `SELECT ${COLUMNS} FROM log WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
      );
      this.#after = db.prepare(
        `SELECT ${COLUMNS} FROM log WHERE first_seq > ? ORDER BY first_seq LIMIT ${JOURNAL.scanRows}`,
      );
    } catch (error) {
      throw asDamage(error, path, SEQ_NONE);
    }
  }

  /** Number of the newest record. */
  lastSeq(): Seq {
    const row = this.#rowUpTo(Number.MAX_SAFE_INTEGER);
    return row === undefined ? SEQ_NONE : lastSeqOf(row);
  }

  /** The chain's hash where a batch ends with this record; undefined where none does. */
  hashAt(seq: Seq): Uint8Array | undefined {
    if (seq === SEQ_NONE) return NO_HASH;
    const row = this.#rowUpTo(seq);
    return row !== undefined && lastSeqOf(row) === seq ? row.hash : undefined;
  }

  /** A record that the log has to hold. @throws DamagedJournal */
  read(seq: Seq): StoredRecord {
    const { row, parts } = this.#holding(seq);
    const i = seq - row.firstSeq;
    return {
      seq,
      epoch: row.epoch,
      bytes: parts.bytes.slice(parts.offsets[i], parts.offsets[i + 1]),
    };
  }

  /** The same with its place in the chain. @throws DamagedJournal */
  linked(seq: Seq): LinkedRecord {
    const { row } = this.#holding(seq);
    if (row !== this.#linked) {
      const before = row.firstSeq <= 1 ? undefined : this.#rowUpTo(row.firstSeq - 1);
      this.#checkLink(row, before, this.#linker);
      this.#linked = row;
    }
    return { ...this.read(seq), lastSeq: lastSeqOf(row), hash: row.hash };
  }

  /**
   * Number of the first batch committed at this time (microseconds) or later; what happened since
   * cannot stand before it.
   */
  firstSeqAt(atUs: number): Seq {
    let low = 1;
    let high = this.lastSeq() + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#rowWith(middle as Seq);
      if (row.atUs >= atUs) high = row.firstSeq;
      else low = lastSeqOf(row) + 1;
    }
    return low as Seq;
  }

  #holding(seq: Seq): CheckedRow {
    let known = this.#cached;
    if (known === null || seq < known.row.firstSeq || seq > lastSeqOf(known.row)) {
      const row = this.#rowWith(seq);
      this.#checkAlone(row);
      known = { row, parts: this.#unpack(row) };
      this.#cached = known;
    }
    return known;
  }

  /**
   * Rows from the one that holds `fromSeq`, each checked against itself and its predecessor.
   * Reads a page at a time, so that writers are not held up and may go on meanwhile.
   * @param leastSeq the log has to reach this record.
   * @throws DamagedJournal at the first row that does not fit.
   */
  *scan(fromSeq: Seq, leastSeq: Seq): Iterable<CheckedRow> {
    const linker = new ChainLinker();
    // The row before is the anchor of the chain; its own place in it is for whoever scans all.
    let before = fromSeq <= 1 ? undefined : this.#rowUpTo(this.#rowWith(fromSeq).firstSeq - 1);
    for (;;) {
      const rows = this.#page(before);
      for (const row of rows) {
        this.#checkLink(row, before, linker);
        yield { row, parts: this.#unpack(row) };
        before = row;
      }
      if (rows.length === 0) break;
    }
    const lastSeq = before === undefined ? SEQ_NONE : lastSeqOf(before);
    if (lastSeq < leastSeq) {
      throw new DamagedJournal(
        `${this.#path} ends at record ${lastSeq}, but record ${leastSeq} was committed; ${WAY_OUT}`,
        seqAfter(lastSeq),
      );
    }
  }

  #page(before: LogRow | undefined): LogRow[] {
    const rows: LogRow[] = [];
    let bytes = 0;
    const after = before === undefined ? Number.MIN_SAFE_INTEGER : before.firstSeq;
    try {
      for (const row of this.#after.iterate(after)) {
        // As below: what stands before it is good.
        if (!isRow(row) && rows.length > 0) break;
        rows.push(this.#typed(row, before === undefined ? SEQ_NONE : lastSeqOf(before)));
        bytes += rows.at(-1)?.payload.length ?? 0;
        if (bytes >= JOURNAL.scanBytes) break;
      }
    } catch (error) {
      // What was read before it is good: the damage is found again right after it.
      if (rows.length > 0 && isCorruption(error)) return rows;
      const seq = before === undefined ? SEQ_NONE : lastSeqOf(before);
      throw asDamage(error, this.#path, seqAfter(seq));
    }
    return rows;
  }

  #rowUpTo(seq: number): LogRow | undefined {
    try {
      const row = this.#at.get(seq);
      return row === undefined ? undefined : this.#typed(row, SEQ_NONE);
    } catch (error) {
      throw asDamage(error, this.#path, SEQ_NONE);
    }
  }

  /** Damage may have left a row without values that the table does not allow to be missing. */
  #typed(row: unknown, seqBefore: Seq): LogRow {
    if (isRow(row)) return row;
    throw new DamagedJournal(
      `${this.#path}: the batch after record ${seqBefore} is unreadable; ${WAY_OUT}`,
      seqAfter(seqBefore),
    );
  }

  /** The row with a record that has to be there. @throws DamagedJournal */
  #rowWith(seq: Seq): LogRow {
    const row = this.#rowUpTo(seq);
    if (row !== undefined && seq <= lastSeqOf(row)) return row;
    throw new DamagedJournal(`${this.#path}: record ${seq} is missing; ${WAY_OUT}`, seq);
  }

  #checkLink(row: LogRow, before: LogRow | undefined, linker: ChainLinker): void {
    this.#checkFollows(row, before);
    const link = linker.relink(this.#hashOf(before), row, row.payload);
    if (link.checksum !== row.checksum) throw this.#damage(row, 'does not match its checksum');
    if (!link.hash.equals(row.hash)) {
      throw this.#damage(row, 'does not carry on the chain of the records before it');
    }
  }

  #checkFollows(row: LogRow, before: LogRow | undefined): void {
    if (!headerFits(row)) throw this.#damage(row, 'has numbers that no batch has');
    const expected = before === undefined ? 1 : before.firstSeq + before.count;
    if (row.firstSeq > expected) {
      throw new DamagedJournal(
        `${this.#path}: records ${expected} to ${row.firstSeq - 1} are missing; ${WAY_OUT}`,
        expected as Seq,
      );
    }
    if (row.firstSeq < expected) throw this.#damage(row, 'overlaps the batch before it');
    if (row.atUs < (before?.atUs ?? 0))
      throw this.#damage(row, 'is older than the batch before it');
    if (row.epoch < (before?.epoch ?? 0)) throw this.#damage(row, 'is of an earlier epoch');
  }

  #hashOf(before: LogRow | undefined): Uint8Array {
    if (before === undefined) return NO_HASH;
    if (before.hash.length === HASH_BYTES) return before.hash;
    throw this.#damage(before, 'has no hash');
  }

  /** What can be checked of a row without its neighbours. */
  #checkAlone(row: LogRow): void {
    if (!headerFits(row)) throw this.#damage(row, 'has numbers that no batch has');
    if (row.hash.length !== HASH_BYTES || rowChecksum(row, row.payload) !== row.checksum) {
      throw this.#damage(row, 'does not match its checksum');
    }
  }

  #unpack(row: LogRow): Parts {
    const parts = unpack(row.payload, row.count);
    if (parts === undefined) throw this.#damage(row, 'cannot be taken apart into its records');
    return parts;
  }

  #damage(row: LogRow, what: string): DamagedJournal {
    const records = `records ${row.firstSeq} to ${row.firstSeq + row.count - 1}`;
    return new DamagedJournal(
      `${this.#path}: the batch with ${records} ${what}; ${WAY_OUT}`,
      row.firstSeq,
    );
  }
}

/** Whether what SQLite read has the values that the table does not allow to be missing. */
export function isRow(value: unknown): value is LogRow {
  const row = value as { readonly [Name in keyof LogRow]: unknown };
  return (
    typeof row.firstSeq === 'number' &&
    typeof row.count === 'number' &&
    typeof row.epoch === 'number' &&
    typeof row.atUs === 'number' &&
    typeof row.checksum === 'number' &&
    row.hash instanceof Uint8Array &&
    row.payload instanceof Uint8Array
  );
}

export function lastSeqOf(row: Pick<LogRow, 'firstSeq' | 'count'>): Seq {
  return seqAfter(row.firstSeq, row.count - 1);
}

/** SQLite's finding that the file is broken as ours; any other error as it is. */
export function asDamage(error: unknown, path: string, seq: Seq): unknown {
  if (!isCorruption(error)) return error;
  const message = `${path} is damaged (${error.message}); ${WAY_OUT}`;
  return new DamagedJournal(message, seq, { cause: error });
}
