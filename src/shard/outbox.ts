/**
 * What a shard wants to say, held back until the records behind it are committed. Frames are
 * written once, into one buffer, and leave from there.
 *
 *   decide ──reply/update/notify──▶ [ open ]──seal(seq)──▶ [ waits for seq ] ──release──▶ deliveries
 */
import { assert } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { Deliveries, Subscription } from '../protocol/deliveries.ts';

interface Entry {
  kind: 'reply' | 'subscribed' | 'update' | 'notify';
  /** Connection, handle or user number. */
  to: number;
  /** Of a notice: the connection that need not be told. */
  except: number;
  fromSeq: number;
  seq: number;
  urgent: boolean;
  subscription: Subscription | null;
  start: number;
  end: number;
}

export class Outbox {
  /** Frames are written here; whoever writes one closes it with reply, update, … */
  readonly writer = new MsgpackWriter(1 << 16);
  /** Entries are reused: a busy shard makes a million of them in a few seconds. */
  readonly #entries: Entry[] = [];
  #count = 0;
  #frameStart = 0;
  /** Entries below `upTo` may leave once `seq` is committed. */
  readonly #seals: { seq: number; upTo: number }[] = [];
  #released = 0;

  /** Entries that nothing has sealed yet. */
  get open(): number {
    return this.#count - (this.#seals.at(-1)?.upTo ?? this.#released);
  }

  /** Bytes held back. */
  get bytes(): number {
    return this.writer.length;
  }

  reply(conn: number): void {
    this.#close('reply', conn);
  }

  subscribed(conn: number, subscription: Subscription): void {
    this.#close('subscribed', conn).subscription = subscription;
  }

  update(handle: number, fromSeq: number, seq: number, urgent: boolean): void {
    const entry = this.#close('update', handle);
    entry.fromSeq = fromSeq;
    entry.seq = seq;
    entry.urgent = urgent;
  }

  notify(user: number, except = 0): void {
    this.#close('notify', user).except = except;
  }

  /** What was said so far depends on the records up to `seq`. */
  seal(seq: number): void {
    if (this.open > 0) this.#seals.push({ seq, upTo: this.#count });
  }

  /** Delivers what depends on nothing above `committedSeq`. */
  release(committedSeq: number, deliveries: Deliveries): void {
    let upTo = this.#released;
    while (this.#seals.length > 0 && (this.#seals[0] as { seq: number }).seq <= committedSeq) {
      upTo = (this.#seals.shift() as { upTo: number }).upTo;
    }
    if (upTo === this.#released) return;
    deliveries.begin();
    const bytes = this.writer.view();
    for (let i = this.#released; i < upTo; i++) {
      deliver(this.#entries[i] as Entry, bytes, deliveries);
    }
    deliveries.end();
    this.#released = upTo;
    if (upTo === this.#count) this.#clear();
  }

  #clear(): void {
    this.writer.clear();
    this.#count = 0;
    this.#released = 0;
    this.#frameStart = 0;
  }

  #close(kind: Entry['kind'], to: number): Entry {
    const start = this.#frameStart;
    const end = this.writer.length;
    assert(end > start, 'an entry has a frame');
    this.#frameStart = end;
    let entry = this.#entries[this.#count];
    if (entry === undefined) {
      const unused = { except: 0, fromSeq: 0, seq: 0, urgent: false, subscription: null };
      entry = { kind, to, ...unused, start, end };
      this.#entries.push(entry);
    } else {
      entry.kind = kind;
      entry.to = to;
      entry.subscription = null;
      entry.start = start;
      entry.end = end;
    }
    this.#count += 1;
    return entry;
  }
}

function deliver(entry: Entry, bytes: Uint8Array, deliveries: Deliveries): void {
  const { to, start, end } = entry;
  switch (entry.kind) {
    case 'reply':
      return deliveries.reply(to, bytes, start, end);
    case 'update':
      return deliveries.update(to, entry.fromSeq, entry.seq, entry.urgent, bytes, start, end);
    case 'notify':
      return deliveries.notify(to, entry.except, bytes, start, end);
    case 'subscribed':
      assert(entry.subscription !== null, 'a subscribed entry has its subscription');
      return deliveries.subscribed(to, entry.subscription, bytes, start, end);
  }
}
