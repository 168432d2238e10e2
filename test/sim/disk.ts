/**
 * The disk of one shard as the simulation has it: rows of the log, the head file, and the rows of
 * the snapshot, each with what has reached the plate and what only the machine's memory knows.
 *
 *   write ──▶ [ written ] ──sync──▶ [ synced ]      a kill keeps both; a power cut keeps the synced
 *                                                   and what luck leaves of the rest, from its front
 *
 * SQLite makes a commit whole or not at all, and one that follows a lost one is lost too: that is
 * why luck takes from the end.
 */
import type { Head } from '../../src/journal/journal.ts';
import type { LogRow } from '../../src/journal/log-table.ts';
import { NO_HASH } from '../../src/journal/chain.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { SEQ_NONE } from '../../src/journal/seq.ts';
import type { StateRow } from '../../src/journal/state-store.ts';
import type { Random } from './random.ts';

/** The machine stopped in the middle of a call. */
export class Stopped extends Error {
  override name = 'Stopped';
  readonly power: boolean;
  constructor(power: boolean) {
    super(power ? 'the power went' : 'the process was killed');
    this.power = power;
  }
}

export type StateWrite =
  | { readonly kind: 'rows'; readonly rows: readonly StateRow[] }
  | { readonly kind: 'low'; readonly lowSeq: Seq };

export class Disk {
  readonly log: LogRow[] = [];
  #logSynced = 0;
  readonly #syncs: boolean;
  /** Written heads, the oldest that may be there first. */
  #heads: Head[] = [{ seq: SEQ_NONE, hash: NO_HASH }];
  readonly state: StateWrite[] = [];
  /** Rows that were synced when a process ended: they have to stay. */
  readonly promises: { readonly index: number; readonly hash: Uint8Array }[] = [];
  #stateSynced = 0;

  /** @param syncs false: a disk that only says that it had synced the log. */
  constructor(syncs = true) {
    this.#syncs = syncs;
  }

  get head(): Head {
    return this.#heads.at(-1) as Head;
  }

  writeRow(row: LogRow): void {
    this.log.push({
      ...row,
      hash: Uint8Array.from(row.hash),
      payload: Uint8Array.from(row.payload),
    });
  }

  syncLog(): void {
    if (this.#syncs) this.#logSynced = this.log.length;
  }

  writeHead(head: Head): void {
    this.#heads.push({ seq: head.seq, hash: Uint8Array.from(head.hash) });
  }

  syncHead(): void {
    this.#heads = [this.head];
  }

  writeState(write: StateWrite): void {
    this.state.push(write);
  }

  syncState(): void {
    this.#stateSynced = this.state.length;
  }

  /** The last row and its head are gone, and nothing shows it. */
  forgetLastRow(): void {
    this.log.pop();
    const row = this.log.at(-1);
    const seq = row === undefined ? SEQ_NONE : ((row.firstSeq + row.count - 1) as Seq);
    this.#heads = [{ seq, hash: row?.hash ?? NO_HASH }];
    this.#logSynced = this.log.length;
  }

  /** Remembers what is synced by now. */
  promise(): void {
    const index = this.#logSynced - 1;
    const row = this.log[index];
    if (row !== undefined) this.promises.push({ index, hash: row.hash });
  }

  /** What a restart finds after the power went. */
  losePower(random: Random, lostShare: number): void {
    const kept = (from: number, to: number): number => {
      let count = from;
      while (count < to && !random.chance(lostShare)) count += 1;
      return count;
    };
    this.log.length = kept(this.#logSynced, this.log.length);
    this.state.length = kept(this.#stateSynced, this.state.length);
    this.#heads.length = kept(1, this.#heads.length);
    this.settle();
  }

  /** Everything that is there has reached the plate: after a restart, and where nothing failed. */
  settle(): void {
    this.#logSynced = this.log.length;
    this.syncHead();
    this.syncState();
  }
}
