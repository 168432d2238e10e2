/**
 * A simulated bidder: watches all auctions, bids by what it sees, and behaves as docs/protocol.md
 * asks of clients: it sends a command that was not answered again with the same nonce, comes back
 * after each lost line, and resumes where it stopped. Now and then it also repeats a command for no
 * reason. What it sees must never have a gap.
 */
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import type { Message } from '../../src/protocol/message.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import type { AuctionChanged } from '../../src/protocol/messages/auction-changed.ts';
import type { BidUpdate } from '../../src/protocol/messages/bid-update.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import type { Ended } from '../../src/protocol/messages/ended.ts';
import type { Extended } from '../../src/protocol/messages/extended.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import type { Refused } from '../../src/protocol/messages/refused.ts';
import type { Resumed } from '../../src/protocol/messages/resumed.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import type { Snapshot } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { refusalName, REFUSALS } from '../../src/protocol/refusals.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import type { Command, History } from './history.ts';
import type { Line } from './line.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface View {
  epoch: number;
  seq: number;
  priceCents: number;
  minimumNextCents: number;
  bidCount: number;
  status: string;
  endsAtMs: number;
  winner: number;
}

export interface ClientOptions {
  readonly world: World;
  readonly history: History;
  readonly user: string;
  readonly auctionIds: readonly string[];
  /** A new line to the server; null while there is none. */
  readonly connect: (
    heard: (bytes: Uint8Array) => void,
    closed: (code: number) => void,
  ) => Line | null;
}

const RETRY_US = 60_000;
const ANSWER_US = 400_000;
const RECONNECT_US = 20_000;

export class Client {
  readonly views = new Map<string, View>();
  readonly #options: ClientOptions;
  readonly #world: World;
  readonly #random: Random;
  readonly #unanswered = new Map<string, Command>();
  readonly #commandsById = new Map<number, Command>();
  readonly #subscribesById = new Map<number, string>();
  readonly #auctionsByHandle = new Map<number, string>();
  #line: Line | null = null;
  #isSignedIn = false;
  #ids = 0;
  #nonces = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#random = options.world.random.fork();
    this.#connect();
  }

  get isDone(): boolean {
    return this.#unanswered.size === 0;
  }

  get user(): string {
    return this.#options.user;
  }

  /** Does one of the things that bidders do. */
  act(): void {
    const { history, user, auctionIds } = this.#options;
    const auctionId = this.#random.pick(auctionIds);
    const view = this.views.get(auctionId);
    const kind = this.#random.chance(0.88) ? 'bid' : this.#random.pick(['retract', 'buy'] as const);
    const nonce = `${user}-nonce-${++this.#nonces}`;
    const command: Command = {
      kind,
      user,
      auctionId,
      nonce,
      amountCents: kind === 'bid' ? this.#amount(view) : 0,
      answers: [],
      refused: null,
    };
    history.commands.set(nonce, command);
    this.#unanswered.set(nonce, command);
    this.#send(command);
    if (this.#world.strikes('repeated command')) {
      this.#world.schedule.after(this.#random.between(0, 300_000), () => this.#send(command));
    }
    this.#world.schedule.after(ANSWER_US, () => this.#insist(command));
  }

  /** Asks for every auction again, so that the views can be compared. */
  refresh(): void {
    this.#subscribe();
  }

  #amount(view: View | undefined): number {
    const leastCents = view?.minimumNextCents || view?.priceCents || 1_000;
    const steps = this.#random.pick([0, 0, 1, 3, 10]);
    return Math.max(1, leastCents + steps * 137 + this.#random.pick([0, 0, 0, -1, -60]));
  }

  #insist(command: Command): void {
    if (!this.#unanswered.has(command.nonce)) return;
    this.#send(command);
    this.#world.schedule.after(ANSWER_US, () => this.#insist(command));
  }

  #connect(): void {
    const line = this.#options.connect(
      (bytes) => this.#heard(line, bytes),
      () => this.#closed(line),
    );
    this.#line = line;
    if (line === null) {
      this.#world.schedule.after(RECONNECT_US, () => this.#connect());
      return;
    }
    this.#sendFrame(HELLO, {
      id: ++this.#ids,
      token: this.user,
      client: null,
      feed: true,
      after: null,
    });
  }

  #closed(line: Line | null): void {
    if (line !== this.#line) return;
    this.#line = null;
    this.#isSignedIn = false;
    this.#commandsById.clear();
    this.#subscribesById.clear();
    this.#auctionsByHandle.clear();
    this.#world.schedule.after(RECONNECT_US * this.#random.next() * 3, () => this.#connect());
  }

  #send(command: Command): void {
    if (!this.#isSignedIn) return;
    const { auctionId, nonce, amountCents } = command;
    const id = ++this.#ids;
    this.#commandsById.set(id, command);
    if (command.kind === 'buy') this.#sendFrame(BUY_NOW, { id, auctionId, nonce });
    else if (command.kind === 'retract') this.#sendFrame(RETRACT, { id, auctionId, nonce });
    else {
      const plain = { currency: null, confirm: null, dryRun: null };
      this.#sendFrame(PLACE_BID, { id, auctionId, nonce, amountCents, ...plain });
    }
  }

  #sendFrame<T>(message: Message<T>, value: T): void {
    const writer = new MsgpackWriter(256);
    message.write(writer, value);
    this.#line?.sendUp(writer.copy());
  }

  #subscribe(): void {
    for (const auctionId of this.#options.auctionIds) this.#subscribeTo(auctionId);
  }

  #subscribeTo(auctionId: string): void {
    const view = this.views.get(auctionId);
    const id = ++this.#ids;
    this.#subscribesById.set(id, auctionId);
    const epoch = view?.epoch ?? null;
    this.#sendFrame(SUBSCRIBE, { id, auctionId, epoch, seq: view?.seq ?? null });
  }

  #heard(line: Line | null, bytes: Uint8Array): void {
    if (line !== this.#line) return;
    const { message, value } = decodeFrame(bytes);
    switch (message.name) {
      case 'welcome':
        this.#isSignedIn = true;
        this.#subscribe();
        for (const command of this.#unanswered.values()) this.#send(command);
        return;
      case 'answer':
        return this.#answered(value as Answer);
      case 'refused':
        return this.#refused(value as Refused);
      case 'snapshot':
        return this.#snapshot(value as Snapshot);
      case 'resumed':
        return this.#resumed(value as Resumed);
      case 'bid_update':
      case 'extended':
      case 'ended':
      case 'auction_changed':
        return this.#update(message.name, value);
      default:
    }
  }

  #answered(answer: Answer): void {
    const command = this.#commandsById.get(answer.id);
    if (command === undefined) {
      this.#options.history.violated(`${this.user} got an answer that it had not asked for`);
      return;
    }
    command.answers.push(answer);
    this.#unanswered.delete(command.nonce);
    this.#world.say(`${this.user} ${command.nonce}: ${answer.code} record ${answer.record}`);
  }

  #refused({ id, code }: Refused): void {
    const auctionId = this.#subscribesById.get(id);
    if (auctionId !== undefined) {
      // Not listed yet, or the server is busy.
      this.#subscribesById.delete(id);
      this.#world.schedule.after(RETRY_US, () => {
        if (this.#isSignedIn) this.#subscribeTo(auctionId);
      });
      return;
    }
    const command = this.#commandsById.get(id);
    if (command === undefined) return;
    if (REFUSALS[refusalName(code) ?? 'INTERNAL'].retryable) {
      this.#world.schedule.after(RETRY_US, () => {
        if (this.#unanswered.has(command.nonce)) this.#send(command);
      });
      return;
    }
    command.refused = code;
    this.#unanswered.delete(command.nonce);
  }

  #snapshot({ id, handle, auction }: Snapshot): void {
    this.#subscribesById.delete(id);
    this.#auctionsByHandle.set(handle, auction.auctionId);
    const known = this.views.get(auction.auctionId);
    if (known !== undefined && known.epoch === auction.epoch && auction.seq < known.seq) {
      this.#options.history.violated(
        `${this.user}: the snapshot of ${auction.auctionId} stands at ${auction.seq}, ` +
          `after ${known.seq} had been shown`,
      );
    }
    this.#take(auction);
  }

  #resumed({ id, handle, auctionId, epoch }: Resumed): void {
    this.#subscribesById.delete(id);
    this.#auctionsByHandle.set(handle, auctionId);
    if (this.views.get(auctionId)?.epoch !== epoch) {
      this.#options.history.violated(`${this.user}: ${auctionId} resumed in another epoch`);
    }
  }

  #take(auction: AuctionView): void {
    const { epoch, seq, minimumNextCents, bidCount, status, endsAtMs } = auction;
    this.views.set(auction.auctionId, {
      epoch,
      seq,
      priceCents: auction.currentPriceCents,
      minimumNextCents,
      bidCount,
      status,
      endsAtMs,
      winner: auction.winner ?? 0,
    });
    this.#saw(auction.auctionId, seq);
  }

  #update(name: string, value: unknown): void {
    const { handle } = value as { readonly handle: number };
    const auctionId = this.#auctionsByHandle.get(handle);
    const view = auctionId === undefined ? undefined : this.views.get(auctionId);
    if (auctionId === undefined || view === undefined) {
      this.#options.history.violated(`${this.user}: an update of an auction it does not watch`);
      return;
    }
    const seq =
      name === 'auction_changed'
        ? (value as AuctionChanged).auction.seq
        : (value as { readonly seq: number }).seq;
    if (seq <= view.seq) return;
    const fromSeq = name === 'bid_update' ? ((value as BidUpdate).fromSeq ?? seq) : seq;
    // The whole view needs nothing that came before it.
    if (fromSeq > view.seq + 1 && name !== 'auction_changed') {
      this.#options.history.violated(
        `${this.user}: ${auctionId} went from ${view.seq} to ${fromSeq}..${seq}, with a gap`,
      );
    }
    if (name === 'auction_changed') return this.#take((value as AuctionChanged).auction);
    apply(view, name, value);
    view.seq = seq;
    this.#saw(auctionId, seq);
  }

  #saw(auctionId: string, seq: number): void {
    const view = this.views.get(auctionId) as View;
    const { priceCents, endsAtMs, status } = view;
    this.#options.history.seen.push({
      user: this.user,
      auctionId,
      seq,
      priceCents,
      endsAtMs,
      status,
    });
  }
}

function apply(view: View, name: string, value: unknown): void {
  if (name === 'bid_update') {
    const update = value as BidUpdate;
    view.priceCents = update.currentPriceCents;
    view.minimumNextCents = update.minimumNextCents;
    view.bidCount = update.bidCount;
  } else if (name === 'extended') {
    view.endsAtMs = (value as Extended).endsAtMs;
  } else {
    const ended = value as Ended;
    view.status = ended.status;
    view.priceCents = ended.currentPriceCents;
    view.bidCount = ended.bidCount;
    view.winner = ended.winner;
  }
}
