/** Two auctions that stand where a test says, for those who watch them. */
import { deliver } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, AUCTION_B } from './fixtures.ts';
import { refusedFrame, subscriptionTo, updateFrame } from './messages.ts';

export const HANDLE_A = 6;
export const HANDLE_B = 8;

/** Shards whose auctions stand where `seqOf` says, and know no third auction. */
export function answering(fixture: Fixture, seqOf: () => number, epoch = 1): void {
  fixture.shards.onSubmit = (submitted) => {
    const handleOf = new Map([
      [AUCTION_A, HANDLE_A],
      [AUCTION_B, HANDLE_B],
    ]);
    const { sub: asked } = subscriptionTo(submitted, 0, 0);
    const handle = handleOf.get(asked.auctionId);
    deliver(fixture.gateway.deliveries, (to) => {
      if (handle === undefined) {
        return to.reply(submitted.conn, refusedFrame(asked.requestId, 'AUCTION_UNKNOWN'));
      }
      const { sub, bytes } = subscriptionTo(submitted, handle, seqOf(), { epoch });
      to.subscribed(submitted.conn, sub, bytes);
    });
  };
}

export function update(fixture: Fixture, seq: number, handle = HANDLE_A): void {
  const bytes = updateFrame(handle, seq);
  deliver(fixture.gateway.deliveries, (to) => to.update(handle, seq, seq, false, bytes));
}
