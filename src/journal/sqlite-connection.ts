/**
 * Opening SQLite the way Gavel relies on: every setting is set and read back, because a build or
 * a typing mistake that keeps a default (synchronous=NORMAL in WAL mode) loses acknowledged
 * commits in a power cut (RELIABILITY.md section 3).
 *
 * Nothing in a process may open and close a database file by other means while a connection to it
 * is open: closing any descriptor drops all of the process's locks on the file, and another
 * process could then delete the write-ahead file under us.
 */
import Database from 'better-sqlite3';
import { JOURNAL } from '../config/limits.ts';

export type Connection = Database.Database;
export type Statement = Database.Statement<unknown[]>;

/** What a file is: kept in application_id and user_version, anything else is refused. */
export interface FileKind {
  readonly applicationId: number;
  readonly format: number;
  /** Run once for a new file. */
  readonly schema: string;
}

export interface ConnectionOptions extends FileKind {
  readonly synchronous: 'FULL' | 'NORMAL';
  /** Whether a file that is missing or has no tables is made; else it is refused. */
  readonly create: boolean;
}

/** What SQLite says for each setting. */
const SYNCHRONOUS = { FULL: 2, NORMAL: 1 } as const;

const WAY_OUT =
  'it is damaged, or of another version: see what can be saved (gavel repair), ' +
  'or start the version that made it';

/** The file is not what this version of Gavel wrote. */
export class WrongFormat extends Error {
  override name = 'WrongFormat';
}

export function openConnection(path: string, options: ConnectionOptions): Connection {
  const db = new Database(path, { fileMustExist: !options.create });
  try {
    db.pragma(`page_size = ${JOURNAL.pageBytes}`);
    set(db, 'journal_mode', 'WAL', 'wal');
    set(db, 'synchronous', options.synchronous, SYNCHRONOUS[options.synchronous]);
    set(db, 'foreign_keys', 'ON', 1);
    setDefences(db);
    set(db, 'wal_autocheckpoint', '0', 0);
    if (options.create) makeTables(db, options);
    checkFormat(db, path, options);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** For the thread that only copies the write-ahead file of a database which another one writes. */
export function openCopier(path: string, synchronous: 'FULL' | 'NORMAL'): Connection {
  const db = new Database(path, { fileMustExist: true });
  set(db, 'synchronous', synchronous, SYNCHRONOUS[synchronous]);
  set(db, 'wal_autocheckpoint', '0', 0);
  return db;
}

/** For tools that look at files which a server may be writing. */
export function openForReading(path: string, kind: FileKind): Connection {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    set(db, 'query_only', 'ON', 1);
    setDefences(db);
    checkFormat(db, path, kind);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Of no file: for what SQLite can do beside keeping things. */
export function openInMemory(): Connection {
  return new Database(':memory:');
}

/** Whether SQLite says that the file itself is broken, not that something went wrong on the way. */
export function isCorruption(error: unknown): error is Error {
  if (!(error instanceof Database.SqliteError)) return false;
  return (
    error.code.startsWith('SQLITE_CORRUPT') ||
    error.code === 'SQLITE_NOTADB' ||
    error.code === 'SQLITE_IOERR_SHORT_READ' ||
    // "no such table", "no such column": the schema is not what was written.
    error.code === 'SQLITE_ERROR'
  );
}

/** What files that may be damaged need: no functions out of the schema, cells checked on reading. */
function setDefences(db: Connection): void {
  set(db, 'trusted_schema', 'OFF', 0);
  set(db, 'cell_size_check', 'ON', 1);
}

function set(db: Connection, name: string, value: string, wanted: string | number): void {
  db.pragma(`${name} = ${value}`);
  const got: unknown = db.pragma(name, { simple: true });
  if (got !== wanted)
    throw new Error(`SQLite did not take ${name} = ${value}: it is ${String(got)}`);
}

function makeTables(db: Connection, kind: FileKind): void {
  const tables: unknown = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (tables !== 0) return;
  db.transaction(() => {
    db.exec(kind.schema);
    db.pragma(`application_id = ${kind.applicationId}`);
    db.pragma(`user_version = ${kind.format}`);
  })();
  // From here on a lost write-ahead file loses rows, never what the file is.
  db.pragma('wal_checkpoint(TRUNCATE)');
}

function checkFormat(db: Connection, path: string, kind: FileKind): void {
  const application: unknown = db.pragma('application_id', { simple: true });
  const version: unknown = db.pragma('user_version', { simple: true });
  if (application !== kind.applicationId || version !== kind.format) {
    throw new WrongFormat(
      `${path} has format ${String(version)} of application ${String(application)}; expected is ` +
        `format ${kind.format} of application ${kind.applicationId}; ${WAY_OUT}`,
    );
  }
  // A reader never compiles a CHECK, so it would not notice that damage has changed one.
  if (tablesOf(db) !== expectedTables(kind)) {
    throw new WrongFormat(`${path} has other tables than format ${kind.format}; ${WAY_OUT}`);
  }
}

/** The statements that made the tables, as SQLite keeps them. */
function tablesOf(db: Connection): string {
  const statements = db.prepare('SELECT sql FROM sqlite_schema ORDER BY name').pluck().all();
  return statements.map(String).join(';\n');
}

const tablesByKind = new WeakMap<FileKind, string>();

function expectedTables(kind: FileKind): string {
  const known = tablesByKind.get(kind);
  if (known !== undefined) return known;
  const db = new Database(':memory:');
  try {
    db.exec(kind.schema);
    const tables = tablesOf(db);
    tablesByKind.set(kind, tables);
    return tables;
  } finally {
    db.close();
  }
}
