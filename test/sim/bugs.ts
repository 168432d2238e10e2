/**
 * Bugs on purpose: each wraps one part of the simulated server so that one promise is broken, and a
 * test shows that the checks find it. Nothing of the product knows them.
 */
import type { Batch, Head, Journal } from '../../src/journal/journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { seqAfter } from '../../src/journal/seq.ts';
import type { StateRow, StateStore } from '../../src/journal/state-store.ts';
import type { Deliveries } from '../../src/protocol/deliveries.ts';
import { ATTEMPTS_ROW, AUCTION_ROW } from '../../src/shard/snapshotter.ts';
import type { Wraps } from './server.ts';

export const BUGS: Readonly<Record<string, Wraps>> = {
  'answers leave before the commit': { journal: (journal) => new HastyJournal(journal) },
  'the disk only says that it synced': { syncs: false },
  'the log may lose its end unseen': {
    opening: (disk, world) => {
      if (world.random.chance(0.3)) disk.forgetLastRow();
    },
  },
  'a snapshot loses the nonces': {
    state: (state) => rowsMapped(state, (row) => (row.kind === ATTEMPTS_ROW ? keyless(row) : row)),
  },
  'a snapshot claims one record more': {
    state: (state) =>
      rowsMapped(state, (row) =>
        row.kind === AUCTION_ROW ? { ...row, appliedSeq: seqAfter(row.appliedSeq, 1) } : row,
      ),
  },
  'a snapshot is taken for newer than it is': {
    state: (state) => lowSeqMapped(state, (low) => (low === 0 ? low : seqAfter(low, 2))),
  },
  'bids are stamped before they were read': { stamp: (stampUs) => stampUs - 1_000 },
  'time follows the wall clock': {
    clock: (_, world) => ({ nowUs: () => Math.floor(world.wallMs * 1000) }),
  },
  'an outage is not given back': { credits: false },
  'auctions are not closed': { ticks: false },
  'an update is lost': { publish: (world) => !world.random.chance(0.02) },
  'answers go to the next connection': { deliveries: misdirected },
};

/** Says that a batch is committed, and writes it with the next one. */
class HastyJournal implements Journal {
  readonly #journal: Journal;
  #held: Batch | null = null;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get head(): Head {
    return { seq: this.committedSeq, hash: this.#journal.head.hash };
  }

  get committedSeq(): Seq {
    const held = this.#held;
    return held === null ? this.#journal.committedSeq : seqAfter(held.firstSeq, held.count - 1);
  }

  get lastAtUs(): number {
    return this.#held?.atUs ?? this.#journal.lastAtUs;
  }

  append(batch: Batch): void {
    if (this.#held !== null) this.#journal.append(this.#held);
    const { offsets, bytes } = batch;
    this.#held = { ...batch, offsets: offsets.slice(), bytes: bytes.slice() };
  }

  read(seq: Seq): ReturnType<Journal['read']> {
    const held = this.#held;
    if (held === null || seq < held.firstSeq) return this.#journal.read(seq);
    const i = seq - held.firstSeq;
    const bytes = held.bytes.slice(held.offsets[i], held.offsets[i + 1]);
    return { seq, epoch: held.epoch, bytes };
  }

  linked(seq: Seq): ReturnType<Journal['linked']> {
    return this.#journal.linked(seq);
  }

  scan(fromSeq: Seq): ReturnType<Journal['scan']> {
    return this.#journal.scan(fromSeq);
  }

  close(): void {
    this.#journal.close();
  }
}

function rowsMapped(store: StateStore, map: (row: StateRow) => StateRow): StateStore {
  return {
    get lowSeq() {
      return store.lowSeq;
    },
    put: (rows) => store.put(rows),
    finish: (lowSeq) => store.finish(lowSeq),
    *rows() {
      for (const row of store.rows()) yield map(row);
    },
    close: () => store.close(),
  };
}

function lowSeqMapped(store: StateStore, map: (lowSeq: Seq) => Seq): StateStore {
  return {
    get lowSeq() {
      return map(store.lowSeq);
    },
    put: (rows) => store.put(rows),
    finish: (lowSeq) => store.finish(lowSeq),
    rows: () => store.rows(),
    close: () => store.close(),
  };
}

/** Numbers of an attempt; the last one is the key of its nonce (auction/attempt-log.ts). */
const ATTEMPT_NUMBERS = 6;

function keyless(row: StateRow): StateRow {
  const numbers = new Float64Array(row.bytes.slice().buffer);
  for (let at = ATTEMPT_NUMBERS - 1; at < numbers.length; at += ATTEMPT_NUMBERS) numbers[at] = 1;
  return { ...row, bytes: new Uint8Array(numbers.buffer) };
}

function misdirected(deliveries: Deliveries): Deliveries {
  return {
    begin: () => deliveries.begin(),
    reply: (conn, bytes, from, to) => deliveries.reply(conn + 1, bytes, from, to),
    subscribed: (conn, sub, bytes, from, to) => deliveries.subscribed(conn, sub, bytes, from, to),
    update: (handle, fromSeq, seq, urgent, bytes, from, to) =>
      deliveries.update(handle, fromSeq, seq, urgent, bytes, from, to),
    notify: (user, except, bytes, from, to) => deliveries.notify(user, except, bytes, from, to),
    end: () => deliveries.end(),
  };
}
