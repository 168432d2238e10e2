/**
 * Bidders are aliases to each other; the seller of the auction and admins are told who they are,
 * in replies alone (RULES.md section 4). What watchers get is the same for all.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BLOCK_BIDDER } from '../../src/protocol/messages/block-bidder.ts';
import type { BlockBidder } from '../../src/protocol/messages/block-bidder.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { GET_AS_ADMIN } from '../../src/protocol/messages/get-as-admin.ts';
import { LIST_AUCTIONS } from '../../src/protocol/messages/list-auctions.ts';
import { LIST_BIDS } from '../../src/protocol/messages/list-bids.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { BidEntry } from '../../src/protocol/views.ts';
import { AUCTION, auctionId, SELLER, ShardFixture, START_MS } from './fixture.ts';

const ADMIN = 91;
const ANN = 1;
const BOB = 2;
const NOT_SIGNED_IN = 0;
/** Has never done anything in this shard. */
const STRANGER = 3;
const OTHER_SELLER = 80;
const ENDS_AT_MS = START_MS + 20 * 3_600_000;

/** Ann bid, Bob leads; another seller has an auction beside it. */
function given(): ShardFixture {
  const fixture = new ShardFixture();
  fixture.list({ endsAtMs: ENDS_AT_MS });
  fixture.list({ endsAtMs: ENDS_AT_MS }, auctionId(2), OTHER_SELLER);
  fixture.bid(ANN, 5_000);
  fixture.bid(BOB, 9_000);
  fixture.delivered();
  return fixture;
}

function bidsSeenBy(fixture: ShardFixture, user: number, asAdmin: boolean | null): BidEntry[] {
  const asked = { auctionId: AUCTION, before: null, limit: 10, asAdmin };
  return fixture.ask(LIST_BIDS, user, asked).fields['bids'] as BidEntry[];
}

function idsIn(fields: Readonly<Record<string, unknown>>): unknown[] {
  return [fields['leadingBidderId'], fields['winnerId']];
}

describe('who the bidders are', () => {
  it('is shown to the seller of the auction', () => {
    const fixture = given();
    assert.deepEqual(idsIn(fixture.ask(GET, SELLER, { auctionId: AUCTION }).fields), [
      'user-2',
      null,
    ]);
    assert.deepEqual(
      bidsSeenBy(fixture, SELLER, null).map(({ bidder, bidderId }) => [bidder, bidderId]),
      [
        [2, 'user-2'],
        [1, 'user-1'],
      ],
    );
  });

  it('is shown to admins, on every auction', () => {
    const fixture = given();
    const shown = fixture.ask(GET_AS_ADMIN, ADMIN, { auctionId: AUCTION });
    assert.deepEqual([shown.name, ...idsIn(shown.fields)], ['auction', 'user-2', null]);
    const ids = bidsSeenBy(fixture, ADMIN, true).map(({ bidderId }) => bidderId);
    assert.deepEqual(ids, ['user-2', 'user-1']);
  });

  for (const [name, user] of [
    ['nobody in particular', NOT_SIGNED_IN],
    ['a stranger', STRANGER],
    ['another bidder', ANN],
    ['the leader', BOB],
    ['the seller of another auction', OTHER_SELLER],
    ['an admin who does not ask as one', ADMIN],
  ] as const) {
    it(`is not shown to ${name}`, () => {
      const fixture = given();
      const before = fixture.journal.committedSeq;
      assert.deepEqual(idsIn(fixture.ask(GET, user, { auctionId: AUCTION }).fields), [null, null]);
      for (const asAdmin of [null, false]) {
        const bids = bidsSeenBy(fixture, user, asAdmin);
        assert.deepEqual(
          bids.map(({ bidder, bidderId }) => [bidder, bidderId]),
          [
            [2, null],
            [1, null],
          ],
        );
      }
      assert.equal(fixture.journal.committedSeq, before, 'reading records nothing');
    });
  }

  it('does not stand in what watchers and lists get, whoever asks', () => {
    const fixture = given();
    for (const user of [SELLER, ADMIN, ANN]) {
      const asked = { auctionId: AUCTION, epoch: null, seq: null };
      const list = { beforeUs: null, beforeId: null, limit: 10, status: null, seller: null };
      for (const { bytes } of [
        fixture.ask(SUBSCRIBE, user, asked),
        fixture.ask(LIST_AUCTIONS, user, list),
      ]) {
        assert.doesNotMatch(Buffer.from(bytes).toString('latin1'), /user-[12]\b/);
      }
    }
    fixture.delivered();
    fixture.bid(ANN, 20_000);
    fixture.retract(ANN);
    fixture.tickAt(ENDS_AT_MS);
    const updates = fixture.delivered().filter(({ kind }) => kind === 'update');
    assert.deepEqual(
      updates.map(({ name }) => name),
      ['bid_update', 'auction_changed', 'ended'],
    );
    for (const { bytes } of updates) {
      assert.doesNotMatch(Buffer.from(bytes).toString('latin1'), /user-[12]\b/);
    }
  });

  it('is told to the seller with the result, and to nobody else', () => {
    const fixture = given();
    fixture.tickAt(ENDS_AT_MS);
    const results = fixture.delivered().filter(({ name }) => name === 'result');
    assert.deepEqual(
      results
        .map(({ to, fields }) => [to, fields['outcome'], fields['winnerId']])
        .filter(([to]) => to !== OTHER_SELLER),
      [
        [SELLER, 'sold', 'user-2'],
        [ANN, 'lost', null],
        [BOB, 'won', null],
      ],
    );
    const unsold = results.find(({ to }) => to === OTHER_SELLER);
    assert.deepEqual([unsold?.fields['outcome'], unsold?.fields['winnerId']], ['unsold', null]);
    const got = fixture.ask(GET, SELLER, { auctionId: AUCTION });
    assert.deepEqual(idsIn(got.fields), ['user-2', 'user-2']);
    assert.deepEqual(idsIn(fixture.ask(GET, BOB, { auctionId: AUCTION }).fields), [null, null]);
  });

  it('stands in the answers to what the seller does', () => {
    const fixture = given();
    const early = { auctionId: AUCTION, how: 'sell', asAdmin: false } as const;
    assert.deepEqual(idsIn(fixture.ask(CANCEL_AUCTION, SELLER, early).fields), [
      'user-2',
      'user-2',
    ]);
  });
});

describe('retractions', () => {
  it('are counted for everybody to see, in every entry of their bidder', () => {
    const fixture = given();
    fixture.retract(ANN);
    fixture.bid(ANN, 9_500);
    fixture.retract(ANN);
    fixture.bid(ANN, 9_800);
    const seen = bidsSeenBy(fixture, NOT_SIGNED_IN, null);
    assert.deepEqual(
      seen.map(({ bidder, retracted, retractions }) => [bidder, retracted, retractions]),
      [
        [1, false, 2],
        [1, true, 2],
        [2, false, 0],
        [1, true, 2],
      ],
    );
  });
});

describe('blocking a bidder', () => {
  const block = (more: Partial<BlockBidder>): Omit<BlockBidder, 'id'> => ({
    auctionId: AUCTION,
    userId: null,
    bidder: null,
    blocked: true,
    asAdmin: false,
    ...more,
  });

  for (const [name, who] of [
    ['the alias', { bidder: 1 }],
    ['the id', { userId: 'user-1' }],
  ] as const) {
    it(`goes by ${name}, and so does taking it back`, () => {
      const fixture = given();
      assert.equal(fixture.ask(BLOCK_BIDDER, SELLER, block(who)).name, 'done');
      assert.equal(fixture.bid(ANN, 20_000).code, REFUSALS.BIDDER_BLOCKED.code);
      assert.equal(fixture.bid(BOB, 10_000).code, 0, 'the other one is not blocked');
      const lifted = block({ ...who, blocked: false });
      assert.equal(fixture.ask(BLOCK_BIDDER, SELLER, lifted).name, 'done');
      assert.equal(fixture.bid(ANN, 20_000).code, 0);
    });
  }

  it('refuses an alias that nobody has (BIDDER_UNKNOWN), and records nothing', () => {
    const fixture = given();
    const before = fixture.journal.committedSeq;
    for (const bidder of [0, 3, 4_000_000_000]) {
      const { fields } = fixture.ask(BLOCK_BIDDER, SELLER, block({ bidder }));
      assert.equal(fields['code'], REFUSALS.BIDDER_UNKNOWN.code, `${bidder}`);
    }
    assert.equal(fixture.journal.committedSeq, before);
  });

  it('tells others first that the auction is not theirs', () => {
    const fixture = given();
    for (const bidder of [1, 3]) {
      const { fields } = fixture.ask(BLOCK_BIDDER, OTHER_SELLER, block({ bidder }));
      assert.equal(fields['code'], REFUSALS.NOT_YOUR_AUCTION.code);
    }
    assert.equal(
      fixture.ask(BLOCK_BIDDER, ADMIN, block({ bidder: 1, asAdmin: true })).name,
      'done',
    );
    assert.equal(fixture.bid(ANN, 20_000).code, REFUSALS.BIDDER_BLOCKED.code);
  });
});
