/**
 * Ten thousand watchers of one auction and those who bid on it, in one process with one clock: what
 * a bid's way takes is read from that clock at both of its ends. A latency counts from sending the
 * oldest bid that an update stands for, so it is the commit's own time, the way to it and the tick.
 *
 *   bid k ──sent──▶ server ──answer: position s──▶ sentMs[s]
 *                     └──update f..s──▶ each watcher: now − sentMs[f], and − sentMs[s]
 *
 * Where nobody bids, a loop publishes updates that say themselves when they were made.
 */
import { Connection, FIRST_BID_ID } from '../load/connection.ts';
import type { ConnectionEvents } from '../load/connection.ts';
import { clientFrame } from '../load/bid-frames.ts';
import { Histogram } from '../load/histogram.ts';
import { sleep } from '../child.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { usSince } from './moment.ts';
import type { Ended, WatchPlan, WatchResult } from './plan.ts';
import { SocketIoWatcher } from './socket-io-watcher.ts';
import { UpdateReader } from './update-reader.ts';

const OPEN_AT_ONCE = 100;
/** After the last bid, for the last update. */
const TAIL_MS = 2_000;
const PACE_MS = 2;

export class Watchers {
  readonly #plan: WatchPlan;
  readonly #connections: { close(): void }[] = [];
  readonly #reader = new UpdateReader();
  /** By watcher: the newest position and price. */
  readonly #seq: Float64Array;
  readonly #price: Float64Array;
  /** By position: when its bid was sent. */
  readonly #sentMs: number[] = [];
  /** By request id: when it was sent. */
  readonly #askedMs: number[] = [];
  readonly #latency = new Histogram();
  readonly #newestLatency = new Histogram();
  #isMeasuring = false;
  #deliveries = 0;
  #untimed = 0;
  #gaps = 0;
  #bids = 0;
  #accepted = 0;
  #lost = '';

  constructor(plan: WatchPlan) {
    this.#plan = plan;
    this.#seq = new Float64Array(plan.watchers);
    this.#price = new Float64Array(plan.watchers);
  }

  async run(): Promise<WatchResult> {
    const { watchers, warmupMs, durationMs, bidderTokens } = this.#plan;
    for (let from = 0; from < watchers; from += OPEN_AT_ONCE) {
      const count = Math.min(OPEN_AT_ONCE, watchers - from);
      await Promise.all(Array.from({ length: count }, (_, i) => this.#watch(from + i)));
    }
    const bidders = await Promise.all(
      bidderTokens.map((token, i) => this.#open(watchers + i, token)),
    );
    const startMs = performance.now();
    const endMs = startMs + warmupMs + durationMs;
    const pace = setInterval(() => this.#bidUpTo(bidders, startMs, endMs), PACE_MS);
    try {
      await sleep(warmupMs);
      this.#isMeasuring = true;
      const fromMs = performance.now();
      const cpu = process.cpuUsage();
      await sleep(durationMs);
      this.#isMeasuring = false;
      const measuredMs = performance.now() - fromMs;
      const { user, system } = process.cpuUsage(cpu);
      await sleep(TAIL_MS);
      if (this.#lost !== '') throw new Error(this.#lost);
      return this.#result(measuredMs, (user + system) / 1000 / measuredMs);
    } finally {
      clearInterval(pace);
      for (const connection of this.#connections) connection.close();
    }
  }

  async #watch(index: number): Promise<void> {
    const { auctionId, watcherToken, dialect, port } = this.#plan;
    if (dialect === 'socket.io') {
      const update = (): void => void (this.#deliveries += this.#isMeasuring ? 1 : 0);
      const lost = (reason: string): void => this.#lose(index, reason);
      this.#connections.push(await SocketIoWatcher.open(port, { update, lost }));
      return;
    }
    const connection = await this.#open(index, watcherToken);
    const subscribe = { id: FIRST_BID_ID, auctionId, epoch: null, seq: null };
    connection.send(clientFrame(SUBSCRIBE, subscribe));
  }

  async #open(index: number, token: string): Promise<Connection> {
    const { port, path, protocol } = this.#plan;
    const events: ConnectionEvents = {
      answer: (_connection, id, code, seq) => this.#answered(id, code, seq),
      push: ({ index: watcher }, number, bytes, from) => {
        if (number === BID_UPDATE.number) this.#updated(watcher, bytes, from);
      },
      drained: () => undefined,
      lost: (_connection, reason) => this.#lose(index, reason),
    };
    const connection = await Connection.open(
      index,
      { port, path, protocol, token, feed: false },
      events,
    );
    this.#connections.push(connection);
    return connection;
  }

  /** Sends the bids that are due by now. */
  #bidUpTo(bidders: readonly Connection[], startMs: number, endMs: number): void {
    const { auctionId, bidsPerSecond, baseCents, stepCents } = this.#plan;
    const nowMs = performance.now();
    const due = Math.floor(((Math.min(nowMs, endMs) - startMs) * bidsPerSecond) / 1000);
    while (this.#bids < due) {
      const bid = this.#bids++;
      const id = FIRST_BID_ID + bid;
      const nonce = `fan${process.pid}-${id}`.padEnd(16, '-');
      const amountCents = baseCents + bid * stepCents;
      const rest = { currency: null, confirm: null, dryRun: null };
      this.#askedMs[id] = nowMs;
      const frame = clientFrame(PLACE_BID, { id, auctionId, nonce, amountCents, ...rest });
      bidders[bid % bidders.length]?.send(frame);
    }
  }

  #answered(id: number, code: number, seq: number): void {
    if (code !== 0) return;
    this.#accepted += 1;
    this.#sentMs[seq] = this.#askedMs[id] as number;
  }

  #updated(watcher: number, bytes: Uint8Array, from: number): void {
    const { seq, fromSeq, currentPriceCents } = this.#reader.read(bytes, from);
    const known = this.#seq[watcher] as number;
    if (known > 0 && fromSeq > known + 1) this.#gaps += 1;
    this.#seq[watcher] = seq;
    this.#price[watcher] = currentPriceCents;
    if (!this.#isMeasuring) return;
    this.#deliveries += 1;
    if (this.#plan.bidderTokens.length === 0) {
      this.#latency.record(usSince(currentPriceCents));
      return;
    }
    const sentMs = this.#sentMs[fromSeq];
    const newestMs = this.#sentMs[seq];
    if (sentMs === undefined || newestMs === undefined) {
      this.#untimed += 1;
      return;
    }
    const nowMs = performance.now();
    this.#latency.record((nowMs - sentMs) * 1000);
    this.#newestLatency.record((nowMs - newestMs) * 1000);
  }

  #lose(index: number, reason: string): void {
    this.#lost = `connection ${index} was lost: ${reason}`;
  }

  #result(measuredMs: number, cpuCores: number): WatchResult {
    return {
      measuredMs,
      deliveries: this.#deliveries,
      accepted: this.#accepted,
      bids: this.#bids,
      gaps: this.#gaps,
      latencyUs: this.#latency.toData(),
      newestLatencyUs: this.#newestLatency.toData(),
      untimed: this.#untimed,
      ended: this.#ended(),
      cpuCores,
    };
  }

  #ended(): Ended[] {
    const groups = new Map<string, { seq: number; currentPriceCents: number; watchers: number }>();
    this.#seq.forEach((seq, i) => {
      const currentPriceCents = this.#price[i] as number;
      const key = `${seq} ${currentPriceCents}`;
      const group = groups.get(key) ?? { seq, currentPriceCents, watchers: 0 };
      group.watchers += 1;
      groups.set(key, group);
    });
    return [...groups.values()];
  }
}
