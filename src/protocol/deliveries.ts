/**
 * What a shard sends out: the one list of deliveries that shards produce, threads carry and the
 * gateway consumes. Everything here is only called for what is committed, in the order in which
 * the shard committed it. A frame is a whole server message in MessagePack: `bytes` from `from` up to
 * `to`, by default all of it, good until `end`. (Two numbers, because a view a frame would
 * cost more than the copy that it saves.)
 */
export interface Deliveries {
  /** Opens a run of deliveries, so that frames for one socket can leave together. */
  begin(): void;

  /** The one reply to a frame of this connection. */
  reply(conn: number, bytes: Uint8Array, from?: number, to?: number): void;

  /**
   * The reply to a subscribe that was taken: the frame is the snapshot. From now on the `update`s of
   * this handle follow. Where the client gave a position (`fromEpoch` is not 0), the hub may send
   * `resumed` and the missed updates from its history instead.
   */
  subscribed(
    conn: number,
    subscription: Subscription,
    bytes: Uint8Array,
    from?: number,
    to?: number,
  ): void;

  /**
   * For everybody who watches `handle`; stands for the updates `fromSeq`..`seq`.
   * `urgent` (extended, ended, auction_changed) is never conflated.
   */
  update(
    handle: number,
    fromSeq: number,
    seq: number,
    urgent: boolean,
    bytes: Uint8Array,
    from?: number,
    to?: number,
  ): void;

  /**
   * For every connection of this user that wants the private feed, but for `except`, which has been
   * answered; 0: there is none.
   */
  notify(user: number, except: number, bytes: Uint8Array, from?: number, to?: number): void;

  /** Closes the run. */
  end(): void;
}

export interface Subscription {
  readonly requestId: number;
  readonly auctionId: string;
  /** The auction's short number in updates. */
  readonly handle: number;
  /** Position of the snapshot. */
  readonly epoch: number;
  readonly seq: number;
  /** Position that the client gave; epoch 0: none. */
  readonly fromEpoch: number;
  readonly fromSeq: number;
}
