/**
 * What the server is asked to tell about: one subscription an auction, however many watches share
 * it. After a reconnect, and where an update does not follow on from the one before it, it
 * subscribes again with its position: the server sends what was missed, or a snapshot.
 */
import type { Refused as RefusedMessage } from '../protocol/messages/refused.ts';
import type { Resumed } from '../protocol/messages/resumed.ts';
import type { Snapshot } from '../protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../protocol/messages/unsubscribe.ts';
import type { GavelError } from './errors.ts';
import { Refused } from './errors.ts';
import { refusalInfo } from './refusal-info.ts';
import type { WatchState } from './state.ts';
import { handleOf, merge } from './state.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';
import { AuctionWatch } from './watch.ts';
import type { Frame } from './wire.ts';
import { encode } from './wire.ts';

interface Subscription {
  readonly auctionId: string;
  readonly watches: Set<AuctionWatch>;
  readonly alarm: Alarm;
  state: WatchState | null;
  /** The auction's number in updates on this connection; 0: not known. */
  handle: number;
  /** Request ids of subscribes without an answer. */
  readonly awaited: Set<number>;
}

export interface SubscriptionSettings {
  readonly timers: Timers;
  readonly random: () => number;
  readonly attemptTimeoutMs: number;
  readonly statesMax: number;
}

const RETRY_MS_DEFAULT = 1_000;

export class Subscriptions {
  readonly #settings: SubscriptionSettings;
  readonly #send: (frame: Frame) => boolean;
  readonly #newId: () => number;
  readonly #byAuctionId = new Map<string, Subscription>();
  readonly #byHandle = new Map<number, Subscription>();
  readonly #byRequest = new Map<number, Subscription>();
  #closed: GavelError | null = null;

  constructor(
    settings: SubscriptionSettings,
    newId: () => number,
    send: (frame: Frame) => boolean,
  ) {
    this.#settings = settings;
    this.#newId = newId;
    this.#send = send;
  }

  has(requestId: number): boolean {
    return this.#byRequest.has(requestId);
  }

  /** @throws InvalidArgument, ConnectionClosed */
  watch(auctionId: string, every: boolean): AuctionWatch {
    if (this.#closed !== null) throw this.#closed;
    const known = this.#byAuctionId.get(auctionId);
    const subscription = known ?? this.#subscription(auctionId);
    const watch = new AuctionWatch(auctionId, every, this.#settings.statesMax, (closing) => {
      this.#leave(subscription, closing);
    });
    // Before it is remembered: throws where the id is no id.
    if (known === undefined) this.#request(subscription);
    this.#byAuctionId.set(auctionId, subscription);
    subscription.watches.add(watch);
    if (subscription.state !== null) watch.push({ ...subscription.state, change: 'snapshot' });
    return watch;
  }

  opened(): void {
    for (const subscription of this.#byAuctionId.values()) this.#request(subscription);
  }

  lost(): void {
    this.#byHandle.clear();
    this.#byRequest.clear();
    for (const subscription of this.#byAuctionId.values()) {
      subscription.alarm.clear();
      subscription.awaited.clear();
      subscription.handle = 0;
    }
  }

  closed(error: GavelError): void {
    this.#closed = error;
    for (const subscription of this.#byAuctionId.values()) this.#fail(subscription, error);
  }

  snapshot({ id, handle, recovered, auction }: Snapshot): void {
    const subscription = this.#answered(id);
    if (subscription === undefined) return;
    this.#at(subscription, handle);
    const gapless = subscription.state === null || recovered !== false;
    this.#push(subscription, { ...auction, change: 'snapshot', gapless });
  }

  /** What was missed follows. */
  resumed({ id, handle }: Resumed): void {
    const subscription = this.#answered(id);
    if (subscription !== undefined) this.#at(subscription, handle);
  }

  refused(refused: RefusedMessage): void {
    const subscription = this.#answered(refused.id);
    if (subscription === undefined) return;
    const refusal = refusalInfo(refused);
    if (!refusal.retryable) return this.#fail(subscription, new Refused(refusal));
    const { timers, random } = this.#settings;
    const waitMs = (refusal.retryAfterMs ?? RETRY_MS_DEFAULT) * (1 + random());
    subscription.alarm.set(timers.now() + waitMs);
  }

  /** An update of a watched auction. */
  updated(number: number, update: unknown): void {
    const subscription = this.#byHandle.get(handleOf(update));
    if (subscription === undefined || subscription.state === null) return;
    const merged = merge(subscription.state, number, update);
    if (merged === 'known') return;
    if (merged !== 'gap') return this.#push(subscription, merged);
    // Until the answer comes nothing will follow on: one request is enough.
    if (subscription.awaited.size === 0) this.#request(subscription);
  }

  #subscription(auctionId: string): Subscription {
    const subscription: Subscription = {
      auctionId,
      watches: new Set(),
      alarm: new Alarm(this.#settings.timers, () => this.#request(subscription)),
      state: null,
      handle: 0,
      awaited: new Set(),
    };
    return subscription;
  }

  /** Subscribes, with the position that is known. */
  #request(subscription: Subscription): void {
    const { timers, attemptTimeoutMs } = this.#settings;
    const { auctionId, state } = subscription;
    const id = this.#newId();
    const position = { epoch: state?.epoch ?? null, seq: state?.seq ?? null };
    const frame = encode(SUBSCRIBE, { id, auctionId, ...position });
    if (!this.#send(frame)) return;
    subscription.awaited.add(id);
    this.#byRequest.set(id, subscription);
    subscription.alarm.set(timers.now() + attemptTimeoutMs);
  }

  #answered(id: number): Subscription | undefined {
    const subscription = this.#byRequest.get(id);
    if (subscription === undefined) return undefined;
    this.#byRequest.delete(id);
    subscription.awaited.delete(id);
    if (subscription.awaited.size === 0) subscription.alarm.clear();
    return subscription;
  }

  #at(subscription: Subscription, handle: number): void {
    this.#byHandle.delete(subscription.handle);
    subscription.handle = handle;
    this.#byHandle.set(handle, subscription);
  }

  #push(subscription: Subscription, state: WatchState): void {
    subscription.state = state;
    for (const watch of Array.from(subscription.watches)) watch.push(state);
  }

  #leave(subscription: Subscription, watch: AuctionWatch): void {
    subscription.watches.delete(watch);
    if (subscription.watches.size > 0 || !this.#forget(subscription)) return;
    const { auctionId } = subscription;
    this.#send(encode(UNSUBSCRIBE, { id: this.#newId(), auctionId }));
  }

  #fail(subscription: Subscription, error: GavelError): void {
    this.#forget(subscription);
    for (const watch of subscription.watches) watch.end(error);
  }

  /** False: it was forgotten already. */
  #forget(subscription: Subscription): boolean {
    const { auctionId, handle, alarm, awaited } = subscription;
    if (this.#byAuctionId.get(auctionId) !== subscription) return false;
    this.#byAuctionId.delete(auctionId);
    this.#byHandle.delete(handle);
    for (const id of awaited) this.#byRequest.delete(id);
    alarm.clear();
    return true;
  }
}
