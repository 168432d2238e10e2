/** Auctions that were bid on at random, in a shard without threads: what receipts and reports are of. */
import { GET_RECEIPT } from '../../src/protocol/messages/get-receipt.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { CloseReport } from '../../src/receipt/close-report.ts';
import { closeReport } from '../../src/receipt/close-report.ts';
import type { SigningKey } from '../../src/receipt/signature.ts';
import { sealedText } from '../../src/receipt/statement.ts';
import type { Seq } from '../../src/journal/seq.ts';
import type { Below } from '../server/harness.ts';
import { AUCTION, auctionId, SELLER, ShardFixture, START_MS } from '../shard/fixture.ts';

export const OTHER = auctionId(2);

export interface History {
  readonly shard: ShardFixture;
  /** Records of bid commands on AUCTION, refused ones too, and whose they are. */
  readonly bids: readonly { readonly record: number; readonly user: number }[];
}

/** Two auctions with up to 40 commands of five users; AUCTION is over afterwards. */
export function playHistory(below: Below, journal: Journal = new MemoryJournal()): History {
  const shard = new ShardFixture({ journal });
  const endsAtMs = START_MS + 30 * 3_600_000;
  shard.list({
    endsAtMs,
    condition: 'used',
    country: 'DE',
    format: below(3) === 0 ? 'direct' : 'proxy',
    reserveCents: below(2) === 0 ? 3_000 + below(3_000) : null,
    buyNowCents: below(3) === 0 ? 9_000 : null,
    softClose: { windowMs: 60_000, extensionMs: 90_000, extensionsMax: below(2) === 0 ? 2 : null },
  });
  shard.list({}, OTHER);
  if (below(4) === 0) {
    shard.change({ startPriceCents: 1_500, increments: ODD_INCREMENTS });
  }
  const asked = new Map<number, number>();
  const spanMs = below(2) === 0 ? 30 * 3_600_000 : 200_000;
  shard.tickAt(endsAtMs - spanMs);
  for (let left = 10 + below(30); left > 0; left--) {
    shard.nowUs += below((spanMs * 1000) / 20) + 1;
    oneCommand(shard, below, asked);
    if (below(3) > 0) shard.shard.commit();
  }
  shard.shard.commit();
  if (below(8) === 0) {
    const fields = { auctionId: AUCTION, how: 'cancel' as const, asAdmin: true };
    shard.ask(CANCEL_AUCTION, SELLER, fields);
  }
  // Late bids extend; and refused ones behind the close are no part of a report.
  for (let hours = 31; hours < 40; hours += 1) shard.tickAt(START_MS + hours * 3_600_000);
  shard.bid(1, 99_000);
  const bids = shard.delivered().flatMap(({ kind, name, fields }) => {
    const user = asked.get(fields['id'] as number);
    const isAnswer = kind === 'reply' && name === 'answer' && user !== undefined;
    return isAnswer ? [{ record: fields['record'] as number, user }] : [];
  });
  return { shard, bids };
}

/** Other steps than eBay's. */
const ODD_INCREMENTS = [
  { belowCents: 2_500, incrementCents: 7 },
  { belowCents: null, incrementCents: 300 },
];

function oneCommand(shard: ShardFixture, below: Below, asked: Map<number, number>): void {
  const user = 1 + below(5);
  const choice = below(20);
  if (choice === 0) {
    asked.set(shard.take(RETRACT, user, { auctionId: AUCTION, nonce: shard.nonce() }), user);
  } else if (choice === 1) {
    asked.set(shard.take(BUY_NOW, user, { auctionId: AUCTION, nonce: shard.nonce() }), user);
  } else if (choice < 5) {
    shard.take(PLACE_BID, user, shard.bidFields(1_000 + below(5_000), { auctionId: OTHER }));
  } else {
    const fields = shard.bidFields(800 + below(400 * (21 - choice)), { confirm: true });
    asked.set(shard.take(PLACE_BID, user, fields), user);
  }
}

/** What is signed of a record for a user; null: refused. */
export function statementText(
  shard: ShardFixture,
  user: number,
  record: number,
  { seal }: SigningKey,
): string | null {
  const { name, fields } = shard.ask(GET_RECEIPT, user, { auctionId: AUCTION, record });
  return name === 'receipt' ? sealedText(fields['receipt'] as string, seal) : null;
}

export function reportOf({ journal }: ShardFixture, { seal }: SigningKey): CloseReport {
  const request = { auctionId: AUCTION, shard: 0, entriesMax: 1_000, seal };
  return closeReport(journal.scan(1 as Seq), request);
}
