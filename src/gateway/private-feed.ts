/**
 * The private feed of a session, whatever its transport: it begins with `welcome` and what was missed,
 * and goes on with what the shards tell about the user: to all of the user's connections but the one
 * that has it as the answer to its command.
 *
 *   begin ─▶ welcome, the notices missed … ─▶ tell: each notice, with its number
 *                                          └▶ check, after a shard died: welcome, not recovered
 */
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { WELCOME } from '../protocol/messages/welcome.ts';
import { PROTOCOL_VERSION } from '../protocol/messages.ts';
import { withNoticeSeq } from '../protocol/notices.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { NoticeTable, OpenedFeed } from './notice-table.ts';
import type { Position } from './position.ts';
import type { Sender } from './sender.ts';
import type { Session } from './session.ts';
import type { Conn, UserNumber } from './shard-port.ts';
import type { User } from './user.ts';
import type { UserTable } from './user-table.ts';

/** In place of the request id, where the welcome answers none. */
const NOBODY_ASKED = 0;

export interface PrivateFeedOptions {
  readonly limits: GatewayLimits;
  readonly sender: Sender;
  readonly users: UserTable;
  readonly notices: NoticeTable;
  readonly nowUs: () => number;
}

export class PrivateFeed {
  readonly #options: PrivateFeedOptions;
  readonly #writer = new MsgpackWriter(256);

  constructor(options: PrivateFeedOptions) {
    this.#options = options;
  }

  /** Welcomes a session that has signed in; where it wants the feed, with what came `after`. */
  begin(session: Session, user: User, requestId: number, after: Position | null): void {
    const { sender, notices } = this.#options;
    const opened = session.feed ? notices.open(user.number, after) : null;
    // A later hello only prolongs: what was lost meanwhile is still to be told.
    const isFirst = session.feedLosses < 0 || after !== null;
    if (opened !== null && isFirst) session.feedLosses = notices.losses;
    this.#welcome(session, user, requestId, opened);
    for (const notice of opened?.missed ?? []) sender.send(session, notice);
  }

  /** Looks whether notices may have been lost; from then on `check` tells everybody. */
  look(): void {
    this.#options.notices.look();
  }

  /** Tells a session that follows of losses since it was told last. */
  check(session: Session): void {
    const { notices } = this.#options;
    if (session.feedLosses === notices.losses || !session.feed || session.user === null) return;
    session.feedLosses = notices.losses;
    const { position } = notices.open(session.user.number, null);
    this.#welcome(session, session.user, NOBODY_ASKED, { position, recovered: false, missed: [] });
  }

  #welcome(session: Session, user: User, requestId: number, opened: OpenedFeed | null): void {
    const { limits, sender, nowUs } = this.#options;
    this.#writer.clear();
    WELCOME.write(this.#writer, {
      id: requestId,
      userId: user.id,
      protocol: PROTOCOL_VERSION,
      serverTimeMs: Math.floor(nowUs() / 1000),
      expiresAtMs: session.expiresAtMs,
      tickMs: limits.tickMs,
      position: opened?.position ?? null,
      recovered: opened?.recovered ?? null,
      missed: opened?.recovered === true ? opened.missed.length : null,
    });
    sender.send(session, this.#writer.view());
  }

  /**
   * A shard told something about a user; it leaves with the next flush. `except` has had it as an
   * answer; should that be lost with the connection, it is among what was missed.
   */
  tell(user: UserNumber, except: Conn, notice: Uint8Array): void {
    const { users, notices, sender } = this.#options;
    if (!notices.has(user) && !users.hasFeed(user)) return;
    const seq = notices.add(user, notice);
    let numbered: Uint8Array | null = null;
    for (const session of users.sessionsOf(user)) {
      if (!session.feed || session.conn === except) continue;
      numbered ??= withNoticeSeq(notice, seq);
      sender.gather(session, numbered);
    }
  }
}
