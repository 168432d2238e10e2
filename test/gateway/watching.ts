/** Shards that answer subscribes from a model of an auction. */
import type { Subscribe } from '../../src/protocol/messages/subscribe.ts';
import { decode, deliver } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import type { ModelAuction } from './model-auction.ts';

/** The shards answer each subscribe with the auction as it stands then. */
export function answerSubscribes({ shards, gateway }: Fixture, model: ModelAuction): void {
  shards.onSubmit = ({ conn, frame }) => {
    const { type, value } = decode(frame);
    if (type !== 'subscribe') return;
    const { sub, bytes } = model.subscribed(value as Subscribe);
    deliver(gateway.deliveries, (to) => to.subscribed(conn, sub, bytes));
  };
}
