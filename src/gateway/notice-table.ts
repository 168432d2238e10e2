/**
 * What each user was told on the private feed lately, for those who come back. A history begins when
 * its user opens a feed for the first time, because from then on every shard knows him; it goes on
 * while he is away.
 *
 *   open ──▶ history ◀── add          too many: who was long without a notice and without a feed is
 *               └──▶ what was missed  forgotten; his next history begins above all numbers given out,
 *                                     so that no position leads into the wrong one
 *
 * Positions are an epoch, another one for each start of the server, and the notice's number. A shard
 * that died may have lost notices that it had not sent, so its death ends all histories, and whoever
 * follows at that moment has to be told (private-feed.ts).
 */
import { randomInt } from 'node:crypto';
import { withNoticeSeq } from '../protocol/notices.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Position } from './position.ts';
import type { UserNumber } from './shard-port.ts';
import { UpdateHistory } from './update-history.ts';

const EPOCHS = 0xffff_ffff;

export interface OpenedFeed {
  /** From where on all that is told is whole: the client's position, or the newest one. */
  readonly position: Position;
  /** Null where the client gave no position. */
  readonly recovered: boolean | null;
  /** Notices after the position, with their numbers. */
  readonly missed: readonly Uint8Array[];
}

export class NoticeTable {
  readonly #limits: GatewayLimits;
  /** Deaths of shards so far. */
  readonly #deaths: () => number;
  readonly #forgot: (user: UserNumber) => void;
  readonly #epoch = randomInt(1, EPOCHS);
  /**
   * Who is in front is the next to be looked at: forgotten where his history was not used since he was
   * looked at last, else sent to the back. Nearly every bid uses one, so using costs no more than a mark.
   */
  readonly #byUser = new Map<UserNumber, { readonly history: UpdateHistory; isUsed: boolean }>();
  /** The largest number given out to anybody. */
  #newest = 0;
  #deathsSeen = 0;

  /** `forgot`: nothing is kept for this user any more. */
  constructor(limits: GatewayLimits, deaths: () => number, forgot: (user: UserNumber) => void) {
    this.#limits = limits;
    this.#deaths = deaths;
    this.#forgot = forgot;
  }

  /** Users whose notices are kept. */
  get count(): number {
    return this.#byUser.size;
  }

  has(user: UserNumber): boolean {
    return this.#byUser.has(user);
  }

  /** Counts up whenever all histories ended: until then notices may have been lost. */
  get losses(): number {
    return this.#deathsSeen;
  }

  /** Looks whether a shard has died. */
  look(): void {
    const deaths = this.#deaths();
    if (deaths !== this.#deathsSeen) this.#byUser.clear();
    this.#deathsSeen = deaths;
  }

  /** Every shard has to know the user by now. */
  open(user: UserNumber, after: Position | null): OpenedFeed {
    this.look();
    const history = this.#used(user);
    const newest = { epoch: this.#epoch, seq: history.last };
    if (after === null) return { position: newest, recovered: null, missed: [] };
    if (after.epoch !== this.#epoch || !history.covers(after.seq)) {
      return { position: newest, recovered: false, missed: [] };
    }
    const missed: Uint8Array[] = [];
    history.forEachOfLast(history.countAfter(after.seq), (bytes, seq) => {
      missed.push(withNoticeSeq(bytes, seq));
    });
    return { position: after, recovered: true, missed };
  }

  /** Keeps a copy of a notice, and gives its number. It is written in when somebody reads it. */
  add(user: UserNumber, notice: Uint8Array): number {
    const history = this.#used(user);
    const seq = history.last + 1;
    this.#newest = Math.max(this.#newest, seq);
    history.add(seq, seq, notice);
    return seq;
  }

  #used(user: UserNumber): UpdateHistory {
    const known = this.#byUser.get(user);
    if (known !== undefined) {
      known.isUsed = true;
      return known.history;
    }
    const history = this.#begun();
    this.#byUser.set(user, { history, isUsed: false });
    return history;
  }

  #begun(): UpdateHistory {
    for (const [first, kept] of this.#byUser) {
      if (this.#byUser.size < this.#limits.noticeUsersMax) break;
      this.#byUser.delete(first);
      if (!kept.isUsed) this.#forgot(first);
      else this.#byUser.set(first, { history: kept.history, isUsed: false });
    }
    this.#newest += 1;
    const { noticesPerUserMax, noticeBytesPerUserMax } = this.#limits;
    return new UpdateHistory(this.#newest, noticesPerUserMax, noticeBytesPerUserMax);
  }
}
