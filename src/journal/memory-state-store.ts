/** A state store in memory, for tests and the simulator: the contract, and nothing behind it. */
import type { Seq } from './seq.ts';
import { SEQ_NONE } from './seq.ts';
import type { StateRow, StateStore } from './state-store.ts';

export class MemoryStateStore implements StateStore {
  readonly #rows = new Map<string, StateRow>();
  #lowSeq = SEQ_NONE;

  get lowSeq(): Seq {
    return this.#lowSeq;
  }

  put(rows: readonly StateRow[]): void {
    for (const row of rows) {
      const copy = { ...row, bytes: Uint8Array.from(row.bytes) };
      this.#rows.set(`${row.kind}/${row.key}/${row.part}`, copy);
    }
  }

  finish(lowSeq: Seq): void {
    this.#lowSeq = lowSeq;
  }

  *rows(): Iterable<StateRow> {
    const order = (a: StateRow, b: StateRow): number =>
      a.kind - b.kind || a.key - b.key || a.part - b.part;
    yield* [...this.#rows.values()].sort(order);
  }

  close(): void {
    // Nothing is held outside.
  }
}
