/**
 * An auction behind the fake server that keeps the server's promises: each nonce has one effect and
 * one answer; a subscription is a snapshot, or all that was missed, and every later update.
 */
import type { MessageOf } from '../../src/protocol/message.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { RESUMED } from '../../src/protocol/messages/resumed.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { FakeServer, FakeSocket } from './fake-server.ts';
import { answer, view } from './fixture.ts';

const HANDLE = 6;
type Update = MessageOf<typeof BID_UPDATE>;

export class FakeAuction {
  epoch = 1;
  seq = 2;
  /** Effects by nonce: at most one each. */
  readonly effects = new Map<string, number>();
  /** Bids are decided, and their answers are lost. */
  isMute = false;
  /** Bids are refused before they get here. */
  isOverloaded = false;
  readonly #answers = new Map<string, Answer>();
  #watchers = new Set<FakeSocket>();
  #history: Update[] = [];

  constructor(server: FakeServer) {
    server.on(PLACE_BID, (socket, bid) => {
      if (this.isOverloaded) return refuse(socket, bid.id);
      const told = this.#answers.get(bid.nonce) ?? this.#decide(bid);
      if (!this.isMute) socket.say(ANSWER, { ...told, id: bid.id });
    });
    server.on(SUBSCRIBE, (socket, subscribe) => this.#subscribed(socket, subscribe));
  }

  /** Somebody else bids. */
  bid(): void {
    this.seq += 1;
    const update = this.#update();
    this.#history.push(update);
    for (const socket of this.#watchers) socket.say(BID_UPDATE, update);
  }

  /** Several bids, told as one. */
  conflate(count: number): void {
    const fromSeq = this.seq + 1;
    this.seq += count;
    const update = { ...this.#update(), fromSeq };
    this.#history.push(update);
    for (const socket of this.#watchers) socket.say(BID_UPDATE, update);
  }

  /** What was kept for those who resume is gone. */
  forget(): void {
    this.#history = [];
  }

  #decide(bid: MessageOf<typeof PLACE_BID>): Answer {
    this.effects.set(bid.nonce, (this.effects.get(bid.nonce) ?? 0) + 1);
    this.bid();
    const told = answer({ seq: this.seq, epoch: this.epoch, currentPriceCents: bid.amountCents });
    this.#answers.set(bid.nonce, told);
    return told;
  }

  #subscribed(socket: FakeSocket, subscribe: MessageOf<typeof SUBSCRIBE>): void {
    const { id, auctionId, epoch, seq } = subscribe;
    this.#watchers.add(socket);
    const missed = this.#history.filter((update) => update.seq > (seq ?? 0));
    const whole = (missed[0]?.fromSeq ?? missed[0]?.seq ?? this.seq + 1) <= (seq ?? 0) + 1;
    if (seq !== null && epoch === this.epoch && whole) {
      const count = missed.length;
      socket.say(RESUMED, { id, auctionId, handle: HANDLE, epoch, seq: this.seq, missed: count });
      for (const update of missed) socket.say(BID_UPDATE, update);
      return;
    }
    const recovered = seq === null ? null : false;
    const auction = view({ epoch: this.epoch, seq: this.seq, bidCount: this.seq });
    socket.say(SNAPSHOT, { id, handle: HANDLE, recovered, auction });
  }

  #update(): Update {
    return {
      handle: HANDLE,
      seq: this.seq,
      currentPriceCents: this.seq * 100,
      minimumNextCents: this.seq * 100 + 50,
      bidCount: this.seq,
      leadingBidder: 1,
      reserveMet: true,
      fromSeq: null,
    };
  }
}

function refuse(socket: FakeSocket, id: number): void {
  const { code } = REFUSALS.OVERLOADED;
  socket.say(REFUSED, { id, code, retryAfterMs: 100, field: null, reason: null });
}
