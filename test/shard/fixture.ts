/**
 * A shard without threads and sockets: commands go in as frames, deliveries come out as values.
 * The clock is a number that the test moves.
 */
import type { RuleSettings } from '../../src/auction/settings.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { StateStore } from '../../src/journal/state-store.ts';
import { must } from '../../src/lib/assert.ts';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import type { Deliveries, Subscription } from '../../src/protocol/deliveries.ts';
import type { Message } from '../../src/protocol/message.ts';
import { messageByNumber } from '../../src/protocol/messages.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import type { ChangeAuction } from '../../src/protocol/messages/change-auction.ts';
import { CHANGE_AUCTION } from '../../src/protocol/messages/change-auction.ts';
import { CREATE_AUCTION } from '../../src/protocol/messages/create-auction.ts';
import type { CreateAuction } from '../../src/protocol/messages/create-auction.ts';
import type { PlaceBid } from '../../src/protocol/messages/place-bid.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Shard } from '../../src/shard/shard.ts';
import type { ShardState } from '../../src/shard/shard-state.ts';
import { UNSAID } from '../unsaid.ts';

export const START_MS = Date.UTC(2026, 0, 1);
export const SELLER = 90;
/** 22 characters, as an auction id has to be. */
export const AUCTION = 'auction000000000000001';

/** A change of a listing that changes nothing. */
export const NO_CHANGES: ChangeAuction['changes'] = {
  title: null,
  currency: null,
  startPriceCents: null,
  endsAtMs: null,
  description: null,
  category: null,
  format: null,
  reserveCents: null,
  buyNowCents: null,
  startsAtMs: null,
  softClose: null,
  increments: null,
  fatFingerFactor: null,
  ...UNSAID,
};

export function auctionId(number: number): string {
  return `auction${String(number).padStart(15, '0')}`;
}

export interface Delivered {
  readonly kind: 'reply' | 'subscribed' | 'update' | 'notify';
  readonly to: number;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
  /** Of a notice: the connection that has it as an answer. */
  readonly except?: number;
  readonly subscription?: Subscription;
  readonly range?: { readonly fromSeq: number; readonly seq: number; readonly urgent: boolean };
}

/** A frame as its message's name and fields. */
export function readFrame(bytes: Uint8Array): {
  name: string;
  fields: Readonly<Record<string, unknown>>;
} {
  const reader = new MsgpackReader().open(bytes);
  const present = reader.array() - 1;
  const message = must(messageByNumber(reader.uint()), 'a known message');
  return {
    name: message.name,
    fields: message.readFields(reader, present) as Record<string, unknown>,
  };
}

export function frameOf<T>(message: Message<T>, value: T): Uint8Array {
  const writer = new MsgpackWriter();
  message.write(writer, value);
  return writer.copy();
}

class Recorder implements Deliveries {
  readonly all: Delivered[] = [];
  begin(): void {}
  end(): void {}
  reply(to: number, all: Uint8Array, from = 0, end = all.length): void {
    const bytes = all.slice(from, end);
    this.all.push({ kind: 'reply', to, ...readFrame(bytes), bytes });
  }
  notify(to: number, except: number, all: Uint8Array, from = 0, end = all.length): void {
    const bytes = all.slice(from, end);
    this.all.push({ kind: 'notify', to, except, ...readFrame(bytes), bytes });
  }
  update(
    to: number,
    fromSeq: number,
    seq: number,
    urgent: boolean,
    all: Uint8Array,
    from = 0,
    end = all.length,
  ): void {
    const bytes = all.slice(from, end);
    const range = { fromSeq, seq, urgent };
    this.all.push({ kind: 'update', to, ...readFrame(bytes), bytes, range });
  }
  subscribed(
    to: number,
    subscription: Subscription,
    all: Uint8Array,
    from = 0,
    end = all.length,
  ): void {
    const bytes = all.slice(from, end);
    const frame = readFrame(bytes);
    this.all.push({ kind: 'subscribed', to, ...frame, bytes, subscription });
  }
}

export interface FixtureOptions {
  readonly journal?: Journal;
  readonly store?: StateStore | null;
  readonly settings?: Partial<RuleSettings>;
  readonly epoch?: number;
  readonly index?: number;
  readonly shards?: number;
}

export type ListingOptions = Partial<CreateAuction['listing']>;

export class ShardFixture {
  readonly journal: Journal;
  readonly shard: Shard;
  readonly state: ShardState;
  readonly #recorder = new Recorder();
  readonly #introduced = new Set<number>();
  #seen = 0;
  #nextId = 1;
  #nonces = 0;
  nowUs: number;

  constructor(options: FixtureOptions = {}) {
    this.journal = options.journal ?? new MemoryJournal();
    this.state = recover(this.journal, options.store ?? null).state;
    this.nowUs = Math.max(START_MS * 1000, this.journal.lastAtUs + 1);
    this.shard = new Shard({
      index: options.index ?? 0,
      shards: options.shards ?? 1,
      epoch: options.epoch ?? 1,
      journal: this.journal,
      state: this.state,
      settings: { ...RULE_SETTINGS, ...options.settings },
      deliveries: this.#recorder,
    });
  }

  /** Everything delivered since this was last asked. */
  delivered(): readonly Delivered[] {
    const fresh = this.#recorder.all.slice(this.#seen);
    this.#seen = this.#recorder.all.length;
    return fresh;
  }

  /** The gateway keeps a private feed for this user from now on, or no more. */
  keepFeed(user: number, keeps = true): void {
    this.#introduce(user);
    this.shard.keepFeed(user, keeps);
  }

  #introduce(user: number): void {
    if (user === 0 || this.#introduced.has(user)) return;
    this.shard.introduce(user, `user-${user}`);
    this.#introduced.add(user);
  }

  /** Queues a frame without committing. */
  take<T extends { readonly id: number }>(
    message: Message<T>,
    user: number,
    fields: Omit<T, 'id'>,
    conn = user,
  ): number {
    this.#introduce(user);
    const id = this.#nextId++;
    const value = { ...fields, id } as unknown as T;
    this.shard.take(conn, user, this.nowUs, frameOf(message, value));
    this.nowUs += 1;
    return id;
  }

  /** Sends a command, commits, and returns the one reply to it. */
  ask<T extends { readonly id: number }>(
    message: Message<T>,
    user: number,
    fields: Omit<T, 'id'>,
  ): Delivered {
    const before = this.#recorder.all.length;
    const id = this.take(message, user, fields);
    this.shard.commit();
    const replies = this.#recorder.all
      .slice(before)
      .filter(
        (one) => (one.kind === 'reply' || one.kind === 'subscribed') && one.fields['id'] === id,
      );
    if (replies.length !== 1) throw new Error(`expected one reply, got ${replies.length}`);
    return replies[0] as Delivered;
  }

  list(listing: ListingOptions = {}, id = AUCTION, seller = SELLER): Delivered {
    return this.ask(CREATE_AUCTION, seller, {
      auctionId: id,
      listing: {
        title: 'A watch',
        currency: 'USD',
        startPriceCents: 1_000,
        endsAtMs: Math.floor(this.nowUs / 1000) + 86_400_000,
        description: 'Runs well.',
        category: ['Watches'],
        format: null,
        reserveCents: null,
        buyNowCents: null,
        startsAtMs: null,
        softClose: null,
        increments: null,
        fatFingerFactor: null,
        ...UNSAID,
        ...listing,
      },
    });
  }

  change(changes: Partial<ChangeAuction['changes']>): Delivered {
    const asked = { auctionId: AUCTION, changes: { ...NO_CHANGES, ...changes } };
    return this.ask(CHANGE_AUCTION, SELLER, asked);
  }

  nonce(): string {
    this.#nonces += 1;
    return `nonce-${String(this.#nonces).padStart(8, '0')}`;
  }

  bidFields(amountCents: number, more: Partial<PlaceBid> = {}): Omit<PlaceBid, 'id'> {
    return {
      auctionId: AUCTION,
      nonce: this.nonce(),
      amountCents,
      currency: null,
      confirm: null,
      dryRun: null,
      ...more,
    };
  }

  bid(user: number, amountCents: number, more: Partial<PlaceBid> = {}): Answer {
    return answerIn(this.ask(PLACE_BID, user, this.bidFields(amountCents, more)));
  }

  buyNow(user: number, nonce = this.nonce()): Answer {
    return answerIn(this.ask(BUY_NOW, user, { auctionId: AUCTION, nonce }));
  }

  retract(user: number, nonce = this.nonce()): Answer {
    return answerIn(this.ask(RETRACT, user, { auctionId: AUCTION, nonce }));
  }

  /** Moves the clock and lets what is due happen. */
  tickAt(ms: number): void {
    this.nowUs = Math.max(this.nowUs, ms * 1000);
    this.shard.tick(this.nowUs);
    this.shard.commit();
  }
}

export function answerIn(delivered: Delivered): Answer {
  if (delivered.name !== ANSWER.name) throw new Error(`an answer was expected: ${delivered.name}`);
  return delivered.fields as unknown as Answer;
}
