/**
 * Plays a plan through the real engine: a shard with its journal on disk in a temporary folder,
 * driven without threads. The clock is accelerated: stamps are computed from the recorded times,
 * so that days pass in milliseconds and every run is the same.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RULE_SETTINGS } from '../../auction/settings.ts';
import type { RuleSettings } from '../../auction/settings.ts';
import type { Journal } from '../../journal/journal.ts';
import { openDataFolder } from '../../journal/data-folder.ts';
import { openShardStorage } from '../../journal/shard-storage.ts';
import { must } from '../../lib/assert.ts';
import { MsgpackReader } from '../../lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../lib/msgpack-writer.ts';
import type { Deliveries } from '../../protocol/deliveries.ts';
import type { Message } from '../../protocol/message.ts';
import { ANSWER } from '../../protocol/messages/answer.ts';
import { AUCTION } from '../../protocol/messages/auction.ts';
import { CREATE_AUCTION } from '../../protocol/messages/create-auction.ts';
import { GET } from '../../protocol/messages/get.ts';
import { PLACE_BID } from '../../protocol/messages/place-bid.ts';
import { REFUSED } from '../../protocol/messages/refused.ts';
import { ACCEPTED, refusalName } from '../../protocol/refusals.ts';
import { recover } from '../../shard/recovery.ts';
import { Shard } from '../../shard/shard.ts';
import type { Close, Outcome, Plan, Play } from './play.ts';
import { CURRENCY } from './recorded-bids.ts';

/** When every auction of a replay starts: 1 January 2004, UTC. */
const START_US = Date.UTC(2004, 0, 1) * 1000;
const SELLER = 'replay-seller';
/** Frames decided between two commits, about what a busy shard takes. */
const FRAMES_PER_COMMIT = 256;

/** eBay's rules of the time: no soft close, no guards. */
const SETTINGS: RuleSettings = {
  ...RULE_SETTINGS,
  bidsPerMinuteMax: null,
  fatFingerFactor: null,
  softClose: { windowMs: 0, extensionMs: 0, extensionsMax: 0 },
};

/** The shard's side of a run: what it answered. */
interface Played {
  accepted: number;
  readonly refusedByName: Map<string, number>;
  readonly closes: (Close | undefined)[];
}

export const playThroughShard: Play = async (plan, onProgress) => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-replay-'));
  try {
    openDataFolder(folder, { shards: 1, shardsDefault: 1, nowMs: START_US / 1000 });
    const storage = openShardStorage(folder, 0);
    try {
      const steps = playing(plan, storage.journal, onProgress);
      for (;;) {
        const { done, value } = steps.next();
        if (done === true) return value;
        // Signals are only heard between two turns.
        await turn();
      }
    } finally {
      storage.state.close();
      storage.journal.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Plays with an empty journal of any kind, in one go. */
export function playWithJournal(
  plan: Plan,
  journal: Journal,
  onProgress: (done: number) => void,
): Outcome {
  const steps = playing(plan, journal, onProgress);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** A step a commit. */
function* playing(
  plan: Plan,
  journal: Journal,
  onProgress: (done: number) => void,
): Generator<void, Outcome> {
  const played: Played = { accepted: 0, refusedByName: new Map(), closes: [] };
  const shard = new Shard({
    index: 0,
    shards: 1,
    epoch: 1,
    journal,
    state: recover(journal, null).state,
    settings: SETTINGS,
    deliveries: new Answers(played),
  });
  const driver = new Driver(shard, plan);
  driver.list();
  yield* driver.bid(onProgress);
  driver.close();
  const closes = plan.auctions.map((_, i) => must(played.closes[i], 'every auction was asked for'));
  return { accepted: played.accepted, refusedByName: played.refusedByName, closes };
}

/** Sends the frames that clients and the gateway would send. */
class Driver {
  readonly #shard: Shard;
  readonly #plan: Plan;
  readonly #ids: readonly string[];
  readonly #writer = new MsgpackWriter();
  readonly #numbersByUser = new Map<string, number>();
  #nowUs = START_US;
  #open = 0;

  constructor(shard: Shard, plan: Plan) {
    this.#shard = shard;
    this.#plan = plan;
    this.#ids = plan.auctions.map(({ name }) => auctionIdOf(name));
  }

  list(): void {
    const seller = this.#numberOf(SELLER);
    for (const [i, auction] of this.#plan.auctions.entries()) {
      this.#send(CREATE_AUCTION, seller, i, {
        id: 1,
        auctionId: this.#id(i),
        listing: {
          title: auction.item,
          currency: CURRENCY,
          startPriceCents: auction.startCents,
          endsAtMs: (START_US + auction.durationUs) / 1000,
          description: null,
          category: null,
          format: 'proxy',
          reserveCents: this.#plan.reservesCents[i] ?? null,
          buyNowCents: null,
          startsAtMs: null,
          softClose: null,
          increments: null,
          fatFingerFactor: null,
          condition: null,
          location: null,
          country: null,
          shipping: null,
          shippingCents: null,
        },
      });
    }
    this.#commit();
  }

  *bid(onProgress: (done: number) => void): Generator<void> {
    for (const [i, bid] of this.#plan.bids.entries()) {
      this.#nowUs = START_US + bid.afterUs;
      this.#send(PLACE_BID, this.#numberOf(bid.bidder), bid.auction, {
        id: 1,
        auctionId: this.#id(bid.auction),
        nonce: `replayed-${i}`,
        amountCents: bid.amountCents,
        currency: CURRENCY,
        confirm: null,
        dryRun: null,
      });
      if (this.#open > 0) continue;
      onProgress(i + 1);
      yield;
    }
    this.#commit();
  }

  /** Lets the time of all auctions run out, and asks how they ended. */
  close(): void {
    const longestUs = Math.max(0, ...this.#plan.auctions.map(({ durationUs }) => durationUs));
    this.#nowUs = Math.max(this.#nowUs, START_US + longestUs);
    // A shard ends a bounded number of auctions at a time.
    while (this.#shard.nextDeadlineMs <= this.#nowUs / 1000) {
      this.#shard.tick(this.#nowUs);
      this.#commit();
    }
    for (let i = 0; i < this.#plan.auctions.length; i++) {
      this.#send(GET, 0, i, { id: 1, auctionId: this.#id(i) });
    }
    this.#commit();
  }

  /** The connection number is the auction's index, so that replies can be told apart. */
  #send<T>(message: Message<T>, user: number, auction: number, value: T): void {
    this.#writer.clear();
    message.write(this.#writer, value);
    this.#shard.take(auction, user, this.#nowUs, this.#writer.view());
    this.#open += 1;
    if (this.#open >= FRAMES_PER_COMMIT) this.#commit();
  }

  #commit(): void {
    this.#shard.commit();
    this.#open = 0;
  }

  #id(auction: number): string {
    return must(this.#ids[auction], 'an auction of the plan');
  }

  #numberOf(user: string): number {
    const known = this.#numbersByUser.get(user);
    if (known !== undefined) return known;
    const number = this.#numbersByUser.size + 1;
    this.#numbersByUser.set(user, number);
    this.#shard.introduce(number, user);
    return number;
  }
}

/** Counts the answers. */
class Answers implements Deliveries {
  readonly #played: Played;
  readonly #reader = new MsgpackReader();

  constructor(played: Played) {
    this.#played = played;
  }

  reply(conn: number, bytes: Uint8Array, from = 0, to = bytes.length): void {
    const reader = this.#reader.open(bytes, from, to);
    const present = reader.array() - 1;
    const number = reader.uint();
    if (number === ANSWER.number) this.#count(ANSWER.readFields(reader, present).code);
    else if (number === REFUSED.number) this.#count(REFUSED.readFields(reader, present).code);
    else if (number === AUCTION.number) {
      const { auction } = AUCTION.readFields(reader, present);
      this.#played.closes[conn] = { status: auction.status, priceCents: auction.currentPriceCents };
    }
  }

  #count(code: number): void {
    const { refusedByName } = this.#played;
    if (code === ACCEPTED) {
      this.#played.accepted += 1;
      return;
    }
    const name = refusalName(code) ?? `refusal ${code}`;
    refusedByName.set(name, (refusedByName.get(name) ?? 0) + 1);
  }

  begin(): void {}
  end(): void {}
  subscribed(): void {}
  update(): void {}
  notify(): void {}
}

/** The recorded number as the 22 letters and digits of an id. */
function auctionIdOf(name: string): string {
  if (/^[0-9A-Za-z]{1,22}$/.test(name)) return name.padStart(22, '0');
  return createHash('sha256').update(name).digest('hex').slice(0, 22);
}
