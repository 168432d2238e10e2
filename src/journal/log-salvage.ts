/**
 * The longest log that can be put together from a damaged one and copies of it. Batches are taken
 * one after the other, each from the first place that has it, and each only if it carries on the
 * chain: so what comes out is what was committed, whatever the places hold besides.
 *
 *   damaged   1 … 40  ██  61 … 99         ──┐
 *   snapshot  1 … 40  41 … 60  61 … 80    ──┴─▶  1 … 99, nothing lost
 */
import { existsSync } from 'node:fs';
import { ChainLinker, headerFits, NO_HASH, rowChecksum, unpack } from './chain.ts';
import type { StoredBatch } from './journal.ts';
import type { LogRow } from './log-table.ts';
import { COLUMNS, isRow, lastSeqOf, LOG_FILE } from './log-table.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import type { Connection, Statement } from './sqlite-connection.ts';
import { isCorruption, openForReading, WrongFormat } from './sqlite-connection.ts';
import { batchOf } from './sqlite-journal.ts';

/** A batch as it stands in one of the places, and which one that is. */
export interface Salvaged {
  readonly row: LogRow;
  /** Position in the list of places. */
  readonly place: number;
}

/** One file with batches of the log; it may be damaged, or missing. */
export class SalvagePlace {
  readonly #db: Connection | null;
  readonly #at: Statement | null = null;

  constructor(logFile: string) {
    this.#db = open(logFile);
    try {
      this.#at = this.#db?.prepare(`SELECT ${COLUMNS} FROM log WHERE first_seq = ?`) ?? null;
    } catch (error) {
      if (!isCorruption(error)) throw error;
    }
  }

  /** The batch that begins with this record, where it can be read; not checked. */
  batchAt(firstSeq: number): LogRow | undefined {
    try {
      const row: unknown = this.#at?.get(firstSeq);
      return row !== undefined && isRow(row) ? row : undefined;
    } catch (error) {
      if (isCorruption(error)) return undefined;
      throw error;
    }
  }

  /**
   * Batches after a record that still fit their own checksum: in order up to where nothing can be
   * read, then from the other end back to there.
   */
  *readableAfter(seq: Seq): Iterable<StoredBatch> {
    let read = seq;
    for (const batch of this.#readable(seq, 'ASC')) {
      yield batch;
      read = batch.firstSeq;
    }
    yield* this.#readable(read, 'DESC');
  }

  close(): void {
    this.#db?.close();
  }

  *#readable(seq: Seq, order: 'ASC' | 'DESC'): Iterable<StoredBatch> {
    if (this.#db === null || this.#at === null) return;
    try {
      const sql = `SELECT ${COLUMNS} FROM log WHERE first_seq > ? ORDER BY first_seq ${order}`;
      for (const row of this.#db.prepare(sql).iterate(seq)) {
        if (!isRow(row) || !fitsAlone(row)) continue;
        const parts = unpack(row.payload, row.count);
        if (parts !== undefined) yield batchOf({ row, parts });
      }
    } catch (error) {
      // From the other end there may be more.
      if (!isCorruption(error)) throw error;
    }
  }
}

/** The chain from the first record, as far as it goes in these places; earlier places first. */
export function* salvage(places: readonly SalvagePlace[]): Iterable<Salvaged> {
  const linker = new ChainLinker();
  let before: LogRow | undefined;
  for (;;) {
    const next = seqAfter(before === undefined ? SEQ_NONE : lastSeqOf(before));
    let found: Salvaged | undefined;
    for (const [place, each] of places.entries()) {
      const row = each.batchAt(next);
      if (row === undefined || !carriesOn(row, before, linker)) continue;
      found = { row, place };
      break;
    }
    if (found === undefined) return;
    yield found;
    before = found.row;
  }
}

function carriesOn(row: LogRow, before: LogRow | undefined, linker: ChainLinker): boolean {
  if (!headerFits(row)) return false;
  if (row.atUs < (before?.atUs ?? 0) || row.epoch < (before?.epoch ?? 0)) return false;
  const link = linker.relink(before?.hash ?? NO_HASH, row, row.payload);
  if (link.checksum !== row.checksum || !link.hash.equals(row.hash)) return false;
  return unpack(row.payload, row.count) !== undefined;
}

function fitsAlone(row: LogRow): boolean {
  return headerFits(row) && rowChecksum(row, row.payload) === row.checksum;
}

/** Null where there is no log any more, or nothing that SQLite takes for one. */
function open(logFile: string): Connection | null {
  if (!existsSync(logFile)) return null;
  try {
    return openForReading(logFile, LOG_FILE);
  } catch (error) {
    if (isCorruption(error) || error instanceof WrongFormat) return null;
    throw error;
  }
}
