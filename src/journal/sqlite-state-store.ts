/**
 * The incremental snapshot of a shard in a file of its own. synchronous=NORMAL is enough here: in
 * WAL mode it keeps the file consistent through a power cut and may only lose the newest
 * transactions, oldest kept first, and the log has all of what they said.
 *
 * Rows are checked one by one, and as a set: beside `low_seq` stand their number and the sum of
 * their checksums, so that a row which vanished is noticed as well.
 */
import { crc32 } from 'node:zlib';
import type { CheckpointLane } from './checkpointer.ts';
import { STATE_APPLICATION_ID, STATE_FORMAT } from './formats.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE } from './seq.ts';
import type { Connection, FileKind, Statement } from './sqlite-connection.ts';
import { isCorruption, openConnection, openForReading } from './sqlite-connection.ts';
import type { StateRow, StateStore } from './state-store.ts';
import { DamagedState } from './state-store.ts';
import { WalKeeper } from './wal-keeper.ts';

/** Sums stay exact: a whole number of checksums far beyond any count of rows. */
const SUM_MODULUS = 2 ** 52;

/** Rows are many: no array is made for each. */
const numbersScratch = new Float64Array(4);
const numbersScratchBytes = new Uint8Array(numbersScratch.buffer);

interface Meta {
  readonly lowSeq: Seq;
  readonly rowCount: number;
  /** Of the rows' checksums, modulo SUM_MODULUS. */
  readonly rowSum: number;
}

const EMPTY: Meta = { lowSeq: SEQ_NONE, rowCount: 0, rowSum: 0 };

const STATE_FILE: FileKind = {
  applicationId: STATE_APPLICATION_ID,
  format: STATE_FORMAT,
  schema: `
    CREATE TABLE state (
      kind        INTEGER NOT NULL,
      key         INTEGER NOT NULL,
      part        INTEGER NOT NULL,
      applied_seq INTEGER NOT NULL,
      checksum    INTEGER NOT NULL,
      bytes       BLOB    NOT NULL,
      PRIMARY KEY (kind, key, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE meta (
      id        INTEGER PRIMARY KEY CHECK (id = 1),
      low_seq   INTEGER NOT NULL,
      row_count INTEGER NOT NULL,
      row_sum   INTEGER NOT NULL,
      checksum  INTEGER NOT NULL
    ) STRICT;
    INSERT INTO meta VALUES (1, 0, 0, 0, ${metaChecksum(EMPTY)})`,
};

type StoredRow = StateRow & { readonly checksum: number };

export class SqliteStateStore implements StateStore {
  readonly #path: string;
  readonly #db: Connection;
  /** Null: only reads. */
  readonly #keeper: WalKeeper | null;
  readonly #statements: Statements;
  #meta: Meta;
  /** A write failed, and may be there all the same: `#meta` has to be read again. */
  #uncertain = false;
  #closed = false;

  /**
   * @param lane the thread's place for this file; without one the writer copies its write-ahead
   *   file itself.
   * @param synchronous FULL where the rows are no aid but the truth, and what they held before must
   *   not stay behind in the file.
   * @throws DamagedState, WrongFormat
   */
  constructor(
    path: string,
    mode: 'write' | 'read' = 'write',
    lane: CheckpointLane | null = null,
    synchronous: 'FULL' | 'NORMAL' = 'NORMAL',
  ) {
    this.#path = path;
    let db: Connection | undefined;
    try {
      db =
        mode === 'read'
          ? openForReading(path, STATE_FILE)
          : openConnection(path, { ...STATE_FILE, synchronous, create: true });
      if (synchronous === 'FULL') db.pragma('secure_delete = ON');
      this.#db = db;
      this.#statements = prepare(db);
      this.#keeper = mode === 'read' ? null : new WalKeeper(db, lane);
      // A reader sees one moment: rows and what is said about them, while a server may be writing.
      if (mode === 'read') db.exec('BEGIN');
      this.#meta = this.#readMeta();
    } catch (error) {
      db?.close();
      throw this.#asDamage(error);
    }
  }

  get lowSeq(): Seq {
    return this.#meta.lowSeq;
  }

  put(rows: readonly StateRow[]): void {
    this.#write(() => this.#put(rows));
  }

  finish(lowSeq: Seq): void {
    this.#write(() => {
      this.#meta = this.#writeMeta({ ...this.#meta, lowSeq });
      this.#keeper?.wrote(0, 1);
    });
  }

  *rows(): Iterable<StateRow> {
    const statements = this.#statements;
    let rowCount = 0;
    let rowSum = 0;
    try {
      for (const stored of statements.all.iterate() as Iterable<StoredRow>) {
        const { kind, key, part, appliedSeq, checksum, bytes } = stored;
        if (!hasTypes(stored) || checksumOf(stored) !== checksum) {
          throw this.#damage(`the snapshot row ${kind}/${key}/${part} does not match its checksum`);
        }
        rowCount += 1;
        rowSum = (rowSum + checksum) % SUM_MODULUS;
        yield { kind, key, part, appliedSeq, bytes: plain(bytes) };
      }
    } catch (error) {
      throw this.#asDamage(error);
    }
    const { rowCount: writtenCount, rowSum: writtenSum } = this.#meta;
    if (rowCount !== writtenCount || rowSum !== writtenSum) {
      throw this.#damage(
        `the snapshot has ${rowCount} rows, and not the ${writtenCount} that were written`,
      );
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#keeper?.close();
    } finally {
      this.#db.close();
    }
  }

  #write(write: () => void): void {
    this.#keeper?.check();
    if (this.#uncertain) this.#meta = this.#readMeta();
    this.#uncertain = true;
    write();
    this.#uncertain = false;
  }

  #put(rows: readonly StateRow[]): void {
    let bytes = 0;
    const meta = this.#db.transaction(() => {
      let { rowCount, rowSum } = this.#meta;
      for (const row of rows) {
        const { kind, key, part, appliedSeq } = row;
        const checksum = checksumOf(row);
        const before = this.#statements.checksumAt.get(kind, key, part) as number | undefined;
        if (before === undefined) rowCount += 1;
        rowSum = (rowSum + checksum - (before ?? 0) + SUM_MODULUS) % SUM_MODULUS;
        this.#statements.put.run(kind, key, part, appliedSeq, checksum, row.bytes);
        bytes += row.bytes.length;
      }
      return this.#writeMeta({ ...this.#meta, rowCount, rowSum });
    })();
    this.#meta = meta;
    this.#keeper?.wrote(bytes, rows.length);
  }

  #writeMeta(meta: Meta): Meta {
    this.#statements.setMeta.run(meta.lowSeq, meta.rowCount, meta.rowSum, metaChecksum(meta));
    return meta;
  }

  #readMeta(): Meta {
    const stored = this.#statements.meta.get() as
      (Meta & { readonly checksum: number }) | undefined;
    if (stored === undefined || !areNumbers(stored) || metaChecksum(stored) !== stored.checksum) {
      throw this.#damage('the row that says how far the snapshot goes does not match its checksum');
    }
    const { lowSeq, rowCount, rowSum } = stored;
    return { lowSeq, rowCount, rowSum };
  }

  #asDamage(error: unknown): unknown {
    return isCorruption(error)
      ? this.#damage(`the snapshot is broken (${error.message})`, { cause: error })
      : error;
  }

  #damage(what: string, options?: ErrorOptions): DamagedState {
    return new DamagedState(
      `${this.#path}: ${what}; stop the server and delete this file and its -wal and -shm, ` +
        'the log alone is enough to recover',
      options,
    );
  }
}

interface Statements {
  readonly checksumAt: Statement;
  readonly put: Statement;
  readonly all: Statement;
  readonly meta: Statement;
  readonly setMeta: Statement;
}

function prepare(db: Connection): Statements {
  const columns = 'kind, key, part, applied_seq AS appliedSeq, checksum, bytes';
  return {
    checksumAt: db
      .prepare('SELECT checksum FROM state WHERE kind = ? AND key = ? AND part = ?')
      .pluck(),
    put: db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)'),
    all: db.prepare(`SELECT ${columns} FROM state ORDER BY kind, key, part`),
    meta: db.prepare(
      'SELECT low_seq AS lowSeq, row_count AS rowCount, row_sum AS rowSum, checksum FROM meta',
    ),
    setMeta: db.prepare(
      'UPDATE meta SET low_seq = ?, row_count = ?, row_sum = ?, checksum = ? WHERE id = 1',
    ),
  };
}

/** Damage may have left a row without values that the table does not allow to be missing. */
function hasTypes(row: StoredRow): boolean {
  return (
    typeof row.kind === 'number' &&
    typeof row.key === 'number' &&
    typeof row.part === 'number' &&
    typeof row.appliedSeq === 'number' &&
    row.bytes instanceof Uint8Array
  );
}

function areNumbers(values: object): boolean {
  return Object.values(values).every((value) => typeof value === 'number');
}

function checksumOf({ kind, key, part, appliedSeq, bytes }: StateRow): number {
  const numbers = checksumOfNumbers(kind, key, part, appliedSeq);
  // zlib starts again at 0 where there are no bytes and thus no address of them.
  return bytes.length === 0 ? numbers : crc32(bytes, numbers);
}

function metaChecksum({ lowSeq, rowCount, rowSum }: Meta): number {
  return checksumOfNumbers(lowSeq, rowCount, rowSum, 0);
}

function checksumOfNumbers(a: number, b: number, c: number, d: number): number {
  numbersScratch[0] = a;
  numbersScratch[1] = b;
  numbersScratch[2] = c;
  numbersScratch[3] = d;
  return crc32(numbersScratchBytes);
}

/** Not a Buffer: the `slice` of one would not be a copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
