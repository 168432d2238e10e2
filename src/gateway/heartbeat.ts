/**
 * What happens by the clock: ticks, connections that stay silent, do not sign in, read too slowly or
 * whose token ended, answers that do not come. Every connection is looked at four times a second, a
 * slice of them at a time, so that the main thread never stops for all of them.
 */
import { OVERLOAD } from '../config/limits.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { MODE } from '../protocol/messages/mode.ts';
import { TICK } from '../protocol/messages/tick.ts';
import type { AddressTable } from './address-table.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Hub } from './hub.ts';
import type { PrivateFeed } from './private-feed.ts';
import type { Sender } from './sender.ts';
import { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import type { WatchOnly } from './watch-only.ts';

const SLICES = 5;
/** A round, over all connections, is one look at the load. */
const BEAT_MS = OVERLOAD.lookMs / SLICES;
/** Rounds between looks at what changes slowly. */
const ROUNDS_PER_SWEEP = 4;
const US_PER_MS = 1000;

export interface HeartbeatOptions {
  readonly limits: GatewayLimits;
  readonly allowAnonymous: boolean;
  readonly connections: ConnectionTable<Session | ShardCall>;
  readonly sender: Sender;
  readonly hub: Hub;
  readonly feed: PrivateFeed;
  readonly addresses: AddressTable;
  readonly watchOnly: WatchOnly;
  readonly nowUs: () => number;
  /** Called once a round. */
  readonly eachRound: (nowUs: number) => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #writer = new MsgpackWriter(32);
  #slice = 0;
  #round = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { connections, nowUs } = this.#options;
    const now = nowUs();
    const slots = connections.slots;
    const from = Math.floor((slots * this.#slice) / SLICES);
    const to = Math.floor((slots * (this.#slice + 1)) / SLICES);
    for (let slot = from; slot < to; slot++) {
      const entry = connections.at(slot);
      if (entry === undefined) continue;
      if (entry instanceof Session) this.#check(entry, now);
      else if (entry.deadlineUs <= now) entry.failed('UNKNOWN_OUTCOME');
    }
    this.#slice = (this.#slice + 1) % SLICES;
    if (this.#slice === 0) this.#endRound(now);
  }

  #endRound(nowUs: number): void {
    const { hub, feed, addresses, watchOnly, eachRound } = this.#options;
    watchOnly.look(nowUs);
    feed.look();
    eachRound(nowUs);
    this.#round += 1;
    if (this.#round % ROUNDS_PER_SWEEP !== 0) return;
    hub.sweep(nowUs);
    addresses.forgetIdle(nowUs);
  }

  #check(session: Session, nowUs: number): void {
    const { limits, allowAnonymous, sender, feed, watchOnly } = this.#options;
    const welcome = session.user !== null || (allowAnonymous && session.spoke);
    if (!welcome && nowUs - session.openedUs > limits.helloTimeoutMs * US_PER_MS) {
      return sender.close(session, 'NO_HELLO');
    }
    if (nowUs >= session.expiresAtMs * US_PER_MS) return sender.close(session, 'TOKEN_EXPIRED');
    const silentUs = nowUs - session.lastHeardUs;
    // Rather a round before the time than a round after it.
    const silentMaxUs = (limits.idleTimeoutMs - OVERLOAD.lookMs) * US_PER_MS;
    if (silentUs > silentMaxUs) return sender.close(session, 'SILENT');
    sender.checkPace(session);
    if (session.toldWatchOnly !== watchOnly.isOn) this.#tellMode(session);
    feed.check(session);
    if (nowUs < session.tickAtUs) return;
    session.tickAtUs = nowUs + limits.tickMs * US_PER_MS;
    this.#writer.clear();
    TICK.write(this.#writer, { serverTimeMs: Math.floor(nowUs / US_PER_MS) });
    sender.send(session, this.#writer.view());
    // For clients that do not answer ticks: their WebSocket answers pings by itself.
    if (silentUs * 2 > limits.tickMs * US_PER_MS) session.socket?.ping();
  }

  /** A slice at a time, so that a switch is no burst; not before what it asked for is answered. */
  #tellMode(session: Session): void {
    if (session.awaited.size > 0) return;
    const { sender, watchOnly } = this.#options;
    const mode = watchOnly.modeFor(session.user !== null);
    session.toldWatchOnly = mode.watchOnly;
    this.#writer.clear();
    MODE.write(this.#writer, mode);
    sender.send(session, this.#writer.view());
  }
}
