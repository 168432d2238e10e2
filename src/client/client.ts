/**
 * The SDK: `connect` gives a Gavel, which stays connected, sends bids exactly once in effect,
 * watches auctions without gaps and knows the server's time. For Node from 22 on and for browsers;
 * depends on msgpackr alone. docs/client.md shows how to use it.
 *
 *   Gavel ─┬─ Commands ──────┐
 *          ├─ Subscriptions ─┼─▶ Line ─▶ Ladder ─▶ WebSocket, or HTTP with events or polls
 *          └─ ServerClock ◀──┘
 */
import { ANSWER } from '../protocol/messages/answer.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import { BUY_NOW } from '../protocol/messages/buy-now.ts';
import { GET } from '../protocol/messages/get.ts';
import { GET_RECEIPT } from '../protocol/messages/get-receipt.ts';
import type { Mode } from '../protocol/messages/mode.ts';
import { MODE } from '../protocol/messages/mode.ts';
import type { OwnAnswer } from '../protocol/messages/own-answer.ts';
import { OWN_ANSWER } from '../protocol/messages/own-answer.ts';
import { PING } from '../protocol/messages/ping.ts';
import { PLACE_BID } from '../protocol/messages/place-bid.ts';
import { PONG } from '../protocol/messages/pong.ts';
import { RECEIPT } from '../protocol/messages/receipt.ts';
import type { Refused as RefusedMessage } from '../protocol/messages/refused.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import type { Resumed } from '../protocol/messages/resumed.ts';
import { RESUMED } from '../protocol/messages/resumed.ts';
import { RETRACT } from '../protocol/messages/retract.ts';
import type { Snapshot } from '../protocol/messages/snapshot.ts';
import { SNAPSHOT } from '../protocol/messages/snapshot.ts';
import type { Welcome } from '../protocol/messages/welcome.ts';
import type { BidResult } from './bid-result.ts';
import { refusedResult, resultOf } from './bid-result.ts';
import { Commands } from './commands.ts';
import type { Question } from './commands.ts';
import type { Countdown } from './countdown.ts';
import { countdown } from './countdown.ts';
import { Emitter } from './emitter.ts';
import type { Off } from './emitter.ts';
import type { GavelError } from './errors.ts';
import type { GavelEvents } from './events.ts';
import { NOTICES } from './events.ts';
import { FeedPlace } from './feed-place.ts';
import { Ladder } from './ladder.ts';
import type { LineState } from './line.ts';
import { Line } from './line.ts';
import { ServerMode } from './mode.ts';
import { makeNonce } from './nonce.ts';
import { OwnAnswers } from './own-answers.ts';
import type { ClientSettings, ConnectOptions, Transport } from './options.ts';
import { settingsOf } from './options.ts';
import type { AuctionDetails } from './auction-details.ts';
import { Rest } from './rest.ts';
import { ServerClock } from './server-clock.ts';
import { isUpdate } from './state.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Watch, WatchOptions } from './watch.ts';
import type { Received } from './wire.ts';

export interface CommandOptions {
  /** Default: a new one. Give one to ask again about a command of unknown outcome. */
  readonly nonce?: string;
  /** Time after which the command is given up. */
  readonly timeoutMs?: number;
}

export interface BidOptions extends CommandOptions {
  /** Refused when the auction is in another one. */
  readonly currency?: string;
  /** After CONFIRMATION_NEEDED. */
  readonly confirm?: boolean;
  /** Only tells what would happen. */
  readonly dryRun?: boolean;
}

export interface TimeoutOptions {
  readonly timeoutMs?: number;
}

export interface ServerTime {
  /** When the server answered, by its clock. */
  readonly serverTimeMs: number;
  readonly roundTripMs: number;
}

export type { GavelEvents } from './events.ts';

/** Pings in a row after the line opened; the quickest counts. */
const PINGS_AT_OPEN = 4;
const REQUEST_ID_MAX = 0xffff_ffff;

export class Gavel {
  /** Resolves once the line is open for the first time; rejects when it never will be. */
  readonly ready: Promise<void>;
  /** Listings, histories and everything else that goes over HTTP. */
  readonly rest: Rest;
  readonly #settings: ClientSettings;
  readonly #first = Promise.withResolvers<void>();
  readonly #emitter = new Emitter<GavelEvents>();
  readonly #clock: ServerClock;
  readonly #mode: ServerMode;
  readonly #ladder: Ladder;
  readonly #line: Line;
  readonly #commands: Commands;
  readonly #subscriptions: Subscriptions;
  readonly #feed = new FeedPlace();
  readonly #ownAnswers = new OwnAnswers();
  #lastId = 0;
  #userId: string | null = null;

  constructor(options: ConnectOptions) {
    const settings = settingsOf(options);
    const newId = (): number => this.#newId();
    this.#settings = settings;
    this.rest = new Rest(options);
    this.#clock = new ServerClock(settings.timers.now);
    this.#mode = new ServerMode(settings.timers, (mode) => this.#emitter.emit('mode', mode));
    this.#ladder = new Ladder(settings, () => this.#line.move());
    const open: ClientSettings['open'] = (url, protocol) => this.#ladder.open(url, protocol);
    this.#line = new Line({ ...settings, open }, newId, {
      noticesAfter: () => this.#feed.position,
      opened: (welcome) => this.#opened(welcome),
      noticesLost: (welcome) => this.#goOnAt(welcome),
      received: (message) => this.#received(message),
      ticked: (serverTimeMs) => this.#ticked(serverTimeMs),
      goodbye: (goodbye) => this.#emitter.emit('goodbye', goodbye),
      lost: () => this.#lost(),
      closed: (error) => this.#closed(error),
      changed: (change) => this.#emitter.emit('state', change),
      fault: (error) => this.#emitter.emit('error', error),
    });
    this.#commands = new Commands(settings, newId, (frame) => this.#line.send(frame));
    this.#subscriptions = new Subscriptions(settings, newId, (frame) => this.#line.send(frame));
    this.ready = this.#first.promise;
    // Whoever does not wait for it learns of an error from the commands.
    this.ready.catch(() => {});
    this.#line.start();
  }

  get state(): LineState {
    return this.#line.state;
  }

  /** How the server is reached at the moment, or tried. */
  get transport(): Transport {
    return this.#ladder.transport;
  }

  /** Whom the token names; null before the first welcome, and without a token. */
  get userId(): string | null {
    return this.#userId;
  }

  /** Whether the server is in watch-only mode: bids go on, watchers without a token are told less often. */
  get watchOnly(): boolean {
    return this.#mode.watchOnly;
  }

  /** Commands that wait for their answers, sent or not. */
  get unanswered(): number {
    return this.#commands.count;
  }

  /**
   * Bids: in a proxy auction the amount is the maximum, in a direct one the price. In minor units.
   * Refusals are results; @throws (rejects with) UnknownOutcome, TimedOut, ConnectionClosed,
   * QueueFull, InvalidArgument.
   */
  bid(auctionId: string, amountCents: number, options: BidOptions = {}): Promise<BidResult> {
    const { currency = null, nonce = makeNonce(), timeoutMs } = options;
    const confirm = options.confirm === true ? true : null;
    const dryRun = options.dryRun === true ? true : null;
    const value = { auctionId, nonce, amountCents, currency, confirm, dryRun };
    return this.#command(PLACE_BID, value, dryRun === null, timeoutMs);
  }

  /** Buys at the buy-it-now price. Rejects as `bid` does. */
  buyNow(auctionId: string, options: CommandOptions = {}): Promise<BidResult> {
    const { nonce = makeNonce(), timeoutMs } = options;
    return this.#command(BUY_NOW, { auctionId, nonce }, true, timeoutMs);
  }

  /** Takes back own bids, as far as the rules let it. Rejects as `bid` does. */
  retract(auctionId: string, options: CommandOptions = {}): Promise<BidResult> {
    const { nonce = makeNonce(), timeoutMs } = options;
    return this.#command(RETRACT, { auctionId, nonce }, true, timeoutMs);
  }

  /**
   * The server's signed word on an own command, by the `record` of its result: docs/receipts.md says
   * what it proves. The same text whenever it is asked for. Rejects as `get` does.
   */
  receipt(auctionId: string, record: number, { timeoutMs }: TimeoutOptions = {}): Promise<string> {
    return this.#commands.ask({
      message: GET_RECEIPT,
      value: { auctionId, record },
      reply: RECEIPT,
      answered: ({ receipt }) => receipt,
      ...given(timeoutMs),
    });
  }

  /** An auction with its texts. Rejects with Refused, TimedOut, ConnectionClosed. */
  get(auctionId: string, { timeoutMs }: TimeoutOptions = {}): Promise<AuctionDetails> {
    return this.#commands.ask({
      message: GET,
      value: { auctionId },
      reply: AUCTION,
      answered: ({ auction, text, leadingBidderId, winnerId, relistedAs }) => {
        const additions = text.additions ?? [];
        return { ...auction, ...text, additions, leadingBidderId, winnerId, relistedAs };
      },
      ...given(timeoutMs),
    });
  }

  /** Asks for the server's time; `serverNow` tells it without asking. */
  time({ timeoutMs }: TimeoutOptions = {}): Promise<ServerTime> {
    const { timers } = this.#settings;
    return this.#commands.ask({
      message: PING,
      value: { clientTimeMs: null },
      reply: PONG,
      answered: ({ serverTimeMs }, { copies, sentAtMs }) => {
        const roundTripMs = timers.now() - sentAtMs;
        // With several copies it is not known which one was answered.
        if (copies === 1) this.#clock.pong(sentAtMs, serverTimeMs);
        return { serverTimeMs, roundTripMs };
      },
      ...given(timeoutMs),
    });
  }

  /** Milliseconds since 1970 by the server's clock; NaN before it was heard. */
  serverNow(): number {
    return this.#clock.now();
  }

  /** Round trip of the quickest recent ping: twice the most by which `serverNow` can be wrong. */
  get roundTripMs(): number {
    return this.#clock.roundTripMs;
  }

  /**
   * How long an auction with this end still runs, and within which time a bid has to leave here to
   * be read before it. NaN where the clock is not known yet.
   */
  countdown(endsAtMs: number): Countdown {
    return countdown(this.#clock, endsAtMs);
  }

  /**
   * Watches an auction: a snapshot first, then every change, across reconnects.
   * @throws InvalidArgument, ConnectionClosed
   */
  watch(auctionId: string, options: WatchOptions = {}): Watch {
    return this.#subscriptions.watch(auctionId, options.every ?? false);
  }

  /** @returns a function that takes the listener off again. */
  on<K extends keyof GavelEvents>(name: K, listener: (value: GavelEvents[K]) => void): Off {
    return this.#emitter.on(name, listener);
  }

  /** Closes for good. What is unanswered rejects. */
  close(): void {
    this.#line.close();
  }

  async #command<
    V extends { readonly id: number; readonly auctionId: string; readonly nonce: string },
  >(
    message: Question<V, unknown, unknown>['message'],
    value: Omit<V, 'id'>,
    hasEffect: boolean,
    timeoutMs: number | undefined,
  ): Promise<BidResult> {
    const { auctionId, nonce } = value as { readonly auctionId: string; readonly nonce: string };
    if (hasEffect) this.#ownAnswers.asked(auctionId, nonce);
    try {
      const result = await this.#commands.ask({
        message,
        value,
        reply: ANSWER,
        answered: (answer) => resultOf(answer, nonce),
        refused: (refused) => refusedResult(refused, nonce),
        ...(hasEffect ? { effect: { auctionId, nonce } } : {}),
        ...given(timeoutMs),
      });
      if (hasEffect) this.#ownAnswers.answered(auctionId, nonce);
      return result;
    } catch (error) {
      const missed = hasEffect ? this.#ownAnswers.gaveUp(auctionId, nonce) : null;
      if (missed !== null) this.#emitter.emit('own_answer', missed);
      throw error;
    }
  }

  #opened(welcome: Welcome | null): void {
    this.#clock.restart();
    this.#mode.opened();
    if (welcome !== null) {
      this.#userId = welcome.userId;
      this.#clock.heard(welcome.serverTimeMs);
    }
    this.#subscriptions.opened();
    this.#commands.opened();
    this.#first.resolve();
    if (welcome !== null) this.#goOnAt(welcome);
    void this.#measureClock(PINGS_AT_OPEN);
  }

  /** The private feed goes on there. */
  #goOnAt(welcome: Welcome): void {
    if (!this.#feed.welcomed(welcome)) this.#emitter.emit('feed_gap', null);
  }

  /** One ping after the other; whatever goes wrong shows elsewhere. */
  async #measureClock(pings: number): Promise<void> {
    const { attemptTimeoutMs: timeoutMs } = this.#settings;
    try {
      for (let i = 0; i < pings; i++) await this.time({ timeoutMs });
    } catch {
      // The next tick measures again.
    }
  }

  #ticked(serverTimeMs: number): void {
    this.#clock.heard(serverTimeMs);
    void this.#measureClock(1);
  }

  #lost(): void {
    this.#mode.lost();
    this.#subscriptions.lost();
    this.#commands.lost();
  }

  #closed(error: GavelError): void {
    this.#ladder.close();
    this.#mode.lost();
    this.#first.reject(error);
    this.#commands.closed(error);
    this.#subscriptions.closed(error);
  }

  #received({ number, value }: Received): void {
    const notice = NOTICES.get(number);
    if (notice !== undefined) {
      const told = value as GavelEvents[typeof notice];
      this.#feed.heard(told.noticeSeq);
      return this.#emitter.emit(notice, told);
    }
    switch (number) {
      case OWN_ANSWER.number: {
        this.#feed.heard((value as OwnAnswer).noticeSeq);
        const news = this.#ownAnswers.told(value as OwnAnswer);
        if (news !== null) this.#emitter.emit('own_answer', news);
        return;
      }
      case MODE.number:
        return this.#mode.told(value as Mode);
      case SNAPSHOT.number:
        return this.#subscriptions.snapshot(value as Snapshot);
      case RESUMED.number:
        return this.#subscriptions.resumed(value as Resumed);
      case REFUSED.number:
        if (this.#subscriptions.has((value as RefusedMessage).id)) {
          return this.#subscriptions.refused(value as RefusedMessage);
        }
    }
    if (isUpdate(number)) return this.#subscriptions.updated(number, value);
    this.#commands.received(number, (value as { readonly id: number }).id, value);
  }

  #newId(): number {
    do this.#lastId = this.#lastId >= REQUEST_ID_MAX ? 1 : this.#lastId + 1;
    while (this.#commands.has(this.#lastId) || this.#subscriptions.has(this.#lastId));
    return this.#lastId;
  }
}

/** Connects and stays connected. @throws InvalidArgument */
export function connect(options: ConnectOptions): Gavel {
  return new Gavel(options);
}

function given(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}
