/**
 * Takes what the shards send and brings it to its connection, its watchers or its user. Replies of
 * one run leave before its updates; a subscription in the middle of a run puts everything before it
 * on its way first (hub.ts says why).
 */
import { assert } from '../lib/assert.ts';
import type { Deliveries, Subscription } from '../protocol/deliveries.ts';
import type { ConnectionTable } from './connection-table.ts';
import { FramePeek } from './frame-peek.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Hub } from './hub.ts';
import type { PrivateFeed } from './private-feed.ts';
import type { ReceiptSigner } from './receipt-signer.ts';
import type { Sender } from './sender.ts';
import { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import type { Conn, UserNumber } from './shard-port.ts';

export class DeliveryDesk implements Deliveries {
  readonly #connections: ConnectionTable<Session | ShardCall>;
  readonly #sender: Sender;
  readonly #hub: Hub;
  readonly #feed: PrivateFeed;
  readonly #metrics: GatewayMetrics;
  readonly #receipts: ReceiptSigner;
  readonly #nowUs: () => number;
  readonly #peek = new FramePeek();
  #running = false;

  constructor(
    connections: ConnectionTable<Session | ShardCall>,
    sender: Sender,
    hub: Hub,
    feed: PrivateFeed,
    metrics: GatewayMetrics,
    receipts: ReceiptSigner,
    nowUs: () => number,
  ) {
    this.#connections = connections;
    this.#sender = sender;
    this.#hub = hub;
    this.#feed = feed;
    this.#metrics = metrics;
    this.#receipts = receipts;
    this.#nowUs = nowUs;
  }

  begin(): void {
    assert(!this.#running, 'a run of deliveries ends before the next begins');
    this.#running = true;
  }

  reply(conn: Conn, bytes: Uint8Array): void {
    const to = this.#connections.get(conn);
    if (to === undefined) return;
    if (!(to instanceof Session)) return to.answered(bytes);
    if (this.#receipts.isStatement(bytes)) {
      if (to.sampledId !== 0) this.#sample(to, bytes);
      return this.#receipts.sign(to, bytes);
    }
    to.answered();
    this.#sender.gather(to, bytes);
    const code = this.#peek.replyCode(bytes);
    if (code > 0) this.#metrics.refused(code);
    if (to.sampledId !== 0) this.#sample(to, bytes);
    if (to.awaited.size > 0 && code > 0) this.#hub.notSubscribed(to, this.#peek.id);
  }

  subscribed(conn: Conn, subscription: Subscription, bytes: Uint8Array): void {
    const to = this.#connections.get(conn);
    const session = to instanceof Session ? to : undefined;
    session?.answered();
    this.#hub.subscribed(session, subscription, bytes);
  }

  update(handle: number, fromSeq: number, seq: number, urgent: boolean, bytes: Uint8Array): void {
    this.#hub.update(handle, fromSeq, seq, urgent, bytes);
  }

  notify(user: UserNumber, except: Conn, bytes: Uint8Array): void {
    this.#feed.tell(user, except, bytes);
  }

  end(): void {
    this.#sender.flush();
    this.#hub.flush();
    this.#running = false;
  }

  /** Measures the latency of the one request of this session that is followed. */
  #sample(session: Session, bytes: Uint8Array): void {
    this.#peek.open(bytes);
    if (this.#peek.id !== session.sampledId) return;
    session.sampledId = 0;
    this.#metrics.answered(this.#nowUs() - session.sampledUs);
  }
}
