/**
 * Who watches what. A subscription begins with the snapshot (or with `resumed` and what was
 * missed) and goes on with what is published later, without a gap:
 *
 *   subscribed(session, snapshot at seq n)     updates …, n, n+1, …
 *        │ snapshot, or resumed + missed            │ conflation: one a tick, what is urgent
 *        └ joins the auction's topic                ▼ at once
 *                                               published ─┬─▶ history (bounded)
 *                                                          ├─▶ topics of those who are signed in
 *                         watch-only mode: a slower tick ◀─┴─▶ topics of those who are not
 *                                                              (one of MessagePack, one of JSON)
 *
 * The order holds because a socket gets topic messages and own messages in the order in which they
 * were handed over, and all that was published before it joined is none of its business. Whoever
 * joins between two ticks may know a part of the update that waits: it then stands for positions on
 * both sides of n. (To publish it first would make the tick of all as short as newcomers come.)
 * After the last watcher left, the history lives on for a while, so that whoever lost the
 * connection finds everything missed.
 */
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { Subscription } from '../protocol/deliveries.ts';
import { decodeAs, decodeFrame } from '../protocol/frame.ts';
import { jsonFromFrame } from '../protocol/json-codec.ts';
import type { AuctionChanged } from '../protocol/messages/auction-changed.ts';
import { AUCTION_CHANGED } from '../protocol/messages/auction-changed.ts';
import { DONE } from '../protocol/messages/done.ts';
import type { Extended } from '../protocol/messages/extended.ts';
import { EXTENDED } from '../protocol/messages/extended.ts';
import { RESUMED } from '../protocol/messages/resumed.ts';
import { SNAPSHOT } from '../protocol/messages/snapshot.ts';
import type { After, Update } from './conflation.ts';
import { Conflation } from './conflation.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Sender } from './sender.ts';
import type { Session } from './session.ts';
import type { Shards } from './shard-port.ts';
import type { Publish } from './socket.ts';
import type { AnonymousCrowd, Crowd, Watched, WatchedTable } from './watched.ts';

/** Unsubscribes that wait behind one subscribe; more than one is a mistake already. */
const AWAITED_UNSUBSCRIBES_MAX = 8;

export interface HubOptions {
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly sender: Sender;
  readonly watched: WatchedTable;
  readonly shards: Shards;
  readonly publish: Publish;
  readonly nowUs: () => number;
  /** How often those who are not signed in are told at most; 0: with all the others. */
  readonly anonymousTickMs: () => number;
  /** Runs something later; gives what calls it off. */
  readonly after: After;
}

interface PendingUpdate extends Update {
  readonly watched: Watched;
}

export class Hub {
  readonly #limits: GatewayLimits;
  readonly #metrics: GatewayMetrics;
  readonly #sender: Sender;
  readonly #watched: WatchedTable;
  readonly #shards: Shards;
  readonly #publish: Publish;
  readonly #nowUs: () => number;
  readonly #conflation: Conflation<Watched>;
  /** Takes what was published, for those who are not signed in. */
  readonly #anonymous: Conflation<AnonymousCrowd>;
  readonly #writer = new MsgpackWriter(256);
  /** Updates of this run, in order; they leave after its replies. */
  readonly #updates: PendingUpdate[] = [];
  #subscriptions = 0;

  constructor(options: HubOptions) {
    this.#limits = options.limits;
    this.#metrics = options.metrics;
    this.#sender = options.sender;
    this.#watched = options.watched;
    this.#shards = options.shards;
    this.#publish = options.publish;
    this.#nowUs = options.nowUs;
    this.#conflation = new Conflation({
      tickMs: () => this.#limits.conflationMs,
      after: options.after,
      nowUs: options.nowUs,
      publish: (watched, update) => this.#published(watched, update),
    });
    this.#anonymous = new Conflation({
      tickMs: options.anonymousTickMs,
      after: options.after,
      nowUs: options.nowUs,
      publish: (crowd, { bytes, takenUs }) => {
        this.#metrics.toldWatchers(crowd.count, this.#tell(crowd, bytes), takenUs);
      },
    });
  }

  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** A subscribe is on its way: what is here must not be given up before it is answered. */
  asked(session: Session, requestId: number, auctionId: string, nowUs: number): void {
    session.awaited.set(requestId, { auctionId, unsubscribes: [] });
    const watched = this.#watched.byAuctionId(auctionId);
    if (watched !== undefined) watched.lastUseUs = nowUs;
  }

  /** Whether one more auction is within the session's limit. */
  hasRoom(session: Session, auctionId: string): boolean {
    if (session.watching.has(auctionId)) return true;
    const count = session.watching.size + session.awaited.size;
    return count < this.#limits.subscriptionsPerConnectionMax;
  }

  /** The shard took a subscribe. `session` is undefined when the connection has gone. */
  subscribed(session: Session | undefined, sub: Subscription, bytes: Uint8Array): void {
    this.#sender.flush();
    this.flush();
    const watched = this.#at(sub, bytes);
    watched.lastUseUs = this.#watched.nowMs() * 1000;
    if (session === undefined || session.socket === null) return;
    if (session.json) watched.endsAtMs = decodeAs(SNAPSHOT, bytes).auction.endsAtMs;
    if (sub.fromEpoch === sub.epoch && watched.covers(sub.fromSeq)) {
      this.#resume(session, sub, watched);
    } else {
      this.#sender.send(session, bytes);
    }
    if (session.socket !== null) this.#join(session, watched);
    this.#settleAwaited(session, sub.requestId);
  }

  /** The shard refused a subscribe. The refusal has been gathered. */
  notSubscribed(session: Session, requestId: number): void {
    if (!session.awaited.has(requestId)) return;
    this.#sender.flush();
    this.#settleAwaited(session, requestId);
  }

  /** Answers an unsubscribe: at once, or after the subscribe that is still awaited. */
  unsubscribe(session: Session, requestId: number, auctionId: string): void {
    let newest: number[] | undefined;
    for (const awaited of session.awaited.values()) {
      if (awaited.auctionId === auctionId) newest = awaited.unsubscribes;
    }
    if (newest === undefined) this.#leaveAndAnswer(session, requestId, auctionId);
    else if (newest.length < AWAITED_UNSUBSCRIBES_MAX) newest.push(requestId);
    else this.#sender.refuse(session, requestId, 'TOO_MANY_REQUESTS');
  }

  /** The session will have a name from now on, and the pace of those who have one. */
  signsIn(session: Session): void {
    for (const watched of session.watching.values()) {
      const { anonymous, signedIn } = watched;
      const { pace } = anonymous;
      if (pace.isWaiting) this.#sender.send(session, pace.frame(this.#writer));
      this.#leave(session, anonymous);
      this.#enter(session, signedIn);
    }
  }

  /** The connection closed: its socket has left its topics. */
  gone(session: Session): void {
    const nowUs = this.#watched.nowMs() * 1000;
    for (const watched of session.watching.values()) this.#forgetWatcher(session, watched, nowUs);
    session.watching.clear();
    session.awaited.clear();
  }

  /** An update for all watchers; it is published when the run ends, or at the tick. */
  update(handle: number, fromSeq: number, seq: number, urgent: boolean, bytes: Uint8Array): void {
    const watched = this.#watched.byHandle(handle);
    if (watched === undefined) return;
    const takenUs = this.#updates[0]?.takenUs ?? this.#nowUs();
    this.#updates.push({ watched, fromSeq, seq, urgent, bytes, takenUs });
  }

  /** Hands on what this run brought. */
  flush(): void {
    if (this.#updates.length === 0) return;
    for (const update of this.#updates) {
      const { watched, fromSeq } = update;
      // Those who watch learn of a gap at once.
      const isGap = fromSeq !== watched.position + 1;
      this.#conflation.take(watched, isGap ? { ...update, urgent: true } : update);
    }
    this.#updates.length = 0;
  }

  /** Nothing is published any more. */
  stop(): void {
    this.#conflation.stop();
    this.#anonymous.stop();
  }

  /** Gives up auctions that nobody has watched for a while. */
  sweep(nowUs: number): void {
    for (const watched of this.#watched.all()) {
      if (watched.watchers > 0 || nowUs - watched.lastUseUs < this.#limits.lingerMs * 1000)
        continue;
      const shard = this.#shards.ownerOfHandle(watched.handle);
      if (this.#shards.port(shard).unwatch(watched.handle)) this.#watched.remove(watched);
    }
  }

  #at(sub: Subscription, snapshot: Uint8Array): Watched {
    const known = this.#watched.byHandle(sub.handle);
    if (known === undefined) {
      return this.#watched.add(sub.handle, sub.auctionId, sub.epoch, sub.seq);
    }
    // Not where we thought: the shard started again. What came before cannot be resumed, and those
    // who watch get the whole state.
    if (known.epoch !== sub.epoch || known.position !== sub.seq) {
      known.epoch = sub.epoch;
      known.pace.forget();
      known.anonymous.pace.forget();
      known.history.restart(sub.seq);
      const { handle, auction } = decodeAs(SNAPSHOT, snapshot);
      this.#writer.clear();
      AUCTION_CHANGED.write(this.#writer, { handle, auction });
      const changed = this.#writer.view();
      noteEnd(known, changed);
      this.#tell(known.signedIn, changed);
      this.#tell(known.anonymous, changed);
    }
    return known;
  }

  #resume(session: Session, sub: Subscription, watched: Watched): void {
    const { requestId: id, auctionId, handle, epoch, seq } = sub;
    const { history, pace } = watched;
    const published = history.countAfter(sub.fromSeq);
    // What waits for the tick as well: `resumed` names the position after all of them.
    const waits = pace.isWaiting && pace.seq > sub.fromSeq;
    const missed = published + (waits ? 1 : 0);
    this.#writer.clear();
    RESUMED.write(this.#writer, { id, auctionId, handle, epoch, seq, missed });
    this.#sender.send(session, this.#writer.view());
    history.forEachOfLast(published, (bytes) => this.#sender.send(session, bytes));
    if (waits) this.#sender.send(session, pace.frame(this.#writer));
  }

  #join(session: Session, watched: Watched): void {
    if (session.watching.get(watched.auctionId) === watched) return;
    session.watching.set(watched.auctionId, watched);
    this.#enter(session, crowdOf(session, watched));
    this.#subscriptions += 1;
  }

  #enter(session: Session, crowd: Crowd): void {
    session.socket?.subscribe(session.json ? crowd.jsonTopic : crowd.binaryTopic);
    if (session.json) crowd.json += 1;
    else crowd.binary += 1;
  }

  /** A socket that is closed has left its topics by itself. */
  #leave(session: Session, crowd: Crowd): void {
    session.socket?.unsubscribe(session.json ? crowd.jsonTopic : crowd.binaryTopic);
    if (session.json) crowd.json -= 1;
    else crowd.binary -= 1;
  }

  #settleAwaited(session: Session, requestId: number): void {
    const awaited = session.awaited.get(requestId);
    if (awaited === undefined) return;
    session.awaited.delete(requestId);
    for (const id of awaited.unsubscribes) this.#leaveAndAnswer(session, id, awaited.auctionId);
  }

  #leaveAndAnswer(session: Session, requestId: number, auctionId: string): void {
    const watched = session.watching.get(auctionId);
    if (watched !== undefined) {
      session.watching.delete(auctionId);
      this.#forgetWatcher(session, watched, this.#watched.nowMs() * 1000);
    }
    this.#writer.clear();
    DONE.write(this.#writer, { id: requestId });
    this.#sender.send(session, this.#writer.view());
  }

  #forgetWatcher(session: Session, watched: Watched, nowUs: number): void {
    this.#leave(session, crowdOf(session, watched));
    watched.lastUseUs = nowUs;
    this.#subscriptions -= 1;
  }

  /** This is published now: whoever follows an auction, in whatever way, gets it from here. */
  #published(watched: Watched, update: Update): void {
    const { fromSeq, seq, bytes, takenUs } = update;
    watched.history.add(fromSeq, seq, bytes);
    const { signedIn, anonymous } = watched;
    if (anonymous.count === 0) anonymous.pace.forget();
    if (watched.watchers === 0) return;
    this.#metrics.published(seq - fromSeq + 1);
    const number = bytes[1];
    if (number === EXTENDED.number || number === AUCTION_CHANGED.number) noteEnd(watched, bytes);
    if (signedIn.count > 0) {
      this.#metrics.toldWatchers(signedIn.count, this.#tell(signedIn, bytes), takenUs);
    }
    if (anonymous.count > 0) this.#anonymous.take(anonymous, update);
  }

  /** Returns the bytes that all of them get. */
  #tell(crowd: Crowd, bytes: Uint8Array): number {
    if (crowd.binary > 0) this.#publish(crowd.binaryTopic, bytes, true);
    if (crowd.json === 0) return bytes.length * crowd.binary;
    const text = jsonFromFrame(bytes, this.#watched);
    this.#publish(crowd.jsonTopic, text, false);
    return bytes.length * crowd.binary + text.length * crowd.json;
  }
}

/** To be asked before the session's name changes (signsIn). */
function crowdOf(session: Session, { signedIn, anonymous }: Watched): Crowd {
  return session.user === null ? anonymous : signedIn;
}

/** Remembers when the auction ends, for the remaining time in JSON. */
function noteEnd(watched: Watched, bytes: Uint8Array): void {
  const { message, value } = decodeFrame(bytes);
  watched.endsAtMs =
    message.number === EXTENDED.number
      ? (value as Extended).endsAtMs
      : (value as AuctionChanged).auction.endsAtMs;
}
