/** Messages with everything filled in, to be varied by the tests. */
import type { Message } from '../../src/protocol/message.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import type { BidUpdate } from '../../src/protocol/messages/bid-update.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import type { PlaceBid } from '../../src/protocol/messages/place-bid.ts';
import type { Refused } from '../../src/protocol/messages/refused.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import type { Subscription } from '../../src/protocol/deliveries.ts';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { decode, encode } from './fake-shards.ts';
import type { Submitted } from './fake-shards.ts';
import { AUCTION_A, view } from './fixtures.ts';

export function bidOf(id: number, over: Partial<PlaceBid> = {}): PlaceBid {
  return {
    id,
    auctionId: AUCTION_A,
    nonce: 'nonce-000001',
    amountCents: 500,
    currency: null,
    confirm: null,
    dryRun: null,
    ...over,
  };
}

export function answerOf(id: number, over: Partial<Answer> = {}): Answer {
  return {
    id,
    code: 0,
    epoch: 1,
    seq: 1,
    record: 7,
    currentPriceCents: 500,
    status: 'leading',
    minimumNextCents: 550,
    suggestedCents: [550, 600, 650],
    endsAtMs: 4_000_000_000_000,
    serverTimeMs: 1_700_000_000_000,
    retryAfterMs: null,
    ...over,
  };
}

export function refusedFrame(
  id: number,
  name: RefusalName,
  over: Partial<Refused> = {},
): Uint8Array {
  const { code } = REFUSALS[name];
  return encode(REFUSED, { id, code, retryAfterMs: null, field: null, reason: null, ...over });
}

export function updateFrame(
  handle: number,
  seq: number,
  over: Partial<BidUpdate> = {},
): Uint8Array {
  return encode(BID_UPDATE, {
    handle,
    seq,
    currentPriceCents: 100 + seq,
    minimumNextCents: 105 + seq,
    bidCount: seq,
    leadingBidder: 1,
    reserveMet: true,
    fromSeq: null,
    ...over,
  });
}

/** What a shard says to a subscribe at this position. */
export function subscriptionTo(
  submitted: Submitted,
  handle: number,
  seq: number,
  over: Partial<AuctionView> = {},
): { readonly sub: Subscription; readonly bytes: Uint8Array } {
  const asked = decode(submitted.frame).value as {
    id: number;
    auctionId: string;
    epoch: number | null;
    seq: number | null;
  };
  const auction = view({ auctionId: asked.auctionId, seq, ...over });
  const positioned = asked.epoch !== null && asked.seq !== null;
  return {
    sub: {
      requestId: asked.id,
      auctionId: asked.auctionId,
      handle,
      epoch: auction.epoch,
      seq,
      fromEpoch: asked.epoch ?? 0,
      fromSeq: asked.seq ?? 0,
    },
    bytes: encode(SNAPSHOT, {
      id: asked.id,
      handle,
      recovered: positioned ? false : null,
      auction,
    }),
  };
}

/** A frame from a number and any fields, valid or not. */
export function anyFrame<T>(message: Message<T>, value: unknown): Uint8Array {
  return encode(message, value as T);
}
