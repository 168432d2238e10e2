/** Listings as sellers make, change and end them, and what can be asked about them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListingChange } from '../../src/protocol/listing.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { CHANGE_AUCTION } from '../../src/protocol/messages/change-auction.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { LIST_AUCTIONS } from '../../src/protocol/messages/list-auctions.ts';
import { LIST_BIDS } from '../../src/protocol/messages/list-bids.ts';
import { SET_BID_LIMIT } from '../../src/protocol/messages/set-bid-limit.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { AUCTION, auctionId, NO_CHANGES, SELLER, ShardFixture } from './fixture.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

describe('listings and queries', () => {
  it('reads texts from the log, changes and pages', () => {
    const fixture = new ShardFixture();
    assert.equal(fixture.list().name, 'auction');
    const again = fixture.list({ title: 'another' });
    assert.equal(
      (again.fields['text'] as { title: string }).title,
      'A watch',
      'the id is the nonce',
    );
    const changes = { ...NO_CHANGES, title: 'A better watch' };
    fixture.ask(CHANGE_AUCTION, SELLER, { auctionId: AUCTION, changes });
    const got = fixture.ask(GET, 0, { auctionId: AUCTION });
    assert.deepEqual(got.fields['text'], {
      title: 'A better watch',
      description: 'Runs well.',
      category: ['Watches'],
      ...UNSAID_SHOWN,
    });
    const foreign = fixture.ask(CHANGE_AUCTION, 5, { auctionId: AUCTION, changes });
    assert.equal(foreign.fields['code'], REFUSALS.NOT_YOUR_AUCTION.code);
    for (let i = 0; i < 5; i++) fixture.bid(1 + (i % 2), 2_000 + i * 1_000);
    const page = fixture.ask(LIST_BIDS, 0, {
      auctionId: AUCTION,
      before: null,
      limit: 3,
      asAdmin: null,
    });
    assert.equal((page.fields['bids'] as unknown[]).length, 3);
    const rest = fixture.ask(LIST_BIDS, 0, {
      auctionId: AUCTION,
      before: page.fields['next'] as number,
      limit: 3,
      asAdmin: null,
    });
    assert.equal((rest.fields['bids'] as unknown[]).length, 2);
    assert.equal(rest.fields['next'], null);
  });

  it('keeps what is said of the thing and its sending, and takes back what is said to be nothing', () => {
    const fixture = new ShardFixture();
    const item = { condition: 'used', location: 'Kiel', country: 'DE' } as const;
    fixture.list({ ...item, shipping: 'Parcel', shippingCents: 490 });
    const textNow = (): unknown =>
      fixture.ask(GET, 0, { auctionId: AUCTION }).fields['text'] as object;
    const texts = { title: 'A watch', description: 'Runs well.', category: ['Watches'] };
    const others = { ...UNSAID_SHOWN, ...texts };
    const all = { ...others, ...item, shipping: 'Parcel', shippingCents: 490 };
    assert.deepEqual(textNow(), all);
    const change = (changes: Partial<ListingChange>): void => {
      const asked = { auctionId: AUCTION, changes: { ...NO_CHANGES, ...changes } };
      assert.equal(fixture.ask(CHANGE_AUCTION, SELLER, asked).name, 'auction');
    };
    change({ title: 'Another watch' });
    assert.deepEqual(textNow(), { ...all, title: 'Another watch' }, 'what is not given stays');
    change({ location: '', shipping: '', shippingCents: 0, condition: 'new' });
    const less = { location: null, shipping: null, shippingCents: 0, condition: 'new' };
    assert.deepEqual(textNow(), { ...all, ...less, title: 'Another watch' });
  });

  it('says which field of a change is wrong, by its public name, and why', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const endsAtMs = Math.floor(fixture.nowUs / 1000) + 3_600_000;
    for (const [field, reason, changes] of [
      ['buyNowCents', /^must be at least 30 % above/, { buyNowCents: 1_200 }],
      ['endsAtMs', /^must not be before the present end/, { endsAtMs }],
      ['format', /^cannot be changed after the start/, { format: 'direct' }],
      ['title', /^must not be empty/, { title: ' ' }],
      ['startPriceCents', /^must be a whole number from 1/, { startPriceCents: 0 }],
    ] as const) {
      const asked = { auctionId: AUCTION, changes: { ...NO_CHANGES, ...changes } };
      const { fields } = fixture.ask(CHANGE_AUCTION, SELLER, asked);
      assert.equal(fields['code'], REFUSALS.INVALID_LISTING.code, field);
      assert.equal(fields['field'], field);
      assert.match(String(fields['reason']), reason);
    }
  });

  it('says which field of a listing is wrong, by its public name, and why', () => {
    const fixture = new ShardFixture();
    const { fields } = fixture.list({ buyNowCents: 1_299 });
    assert.equal(fields['code'], REFUSALS.INVALID_LISTING.code);
    assert.equal(fields['field'], 'buyNowCents');
    assert.match(String(fields['reason']), /^must be at least 30 % above/);
  });

  it('gives no field where a change is refused for another reason', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    const asked = { auctionId: AUCTION, changes: { ...NO_CHANGES, title: ' ' } };
    const { fields } = fixture.ask(CHANGE_AUCTION, SELLER, asked);
    assert.equal(fields['code'], REFUSALS.CHANGE_TOO_LATE.code);
    assert.equal(fields['field'], null);
  });

  it('shows the bids of a cancelled auction as retracted', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    fixture.ask(CANCEL_AUCTION, 91, { auctionId: AUCTION, how: 'cancel', asAdmin: true });
    const page = fixture.ask(LIST_BIDS, 0, {
      auctionId: AUCTION,
      before: null,
      limit: 9,
      asAdmin: null,
    });
    const bids = page.fields['bids'] as { bidder: number; retracted: boolean }[];
    assert.deepEqual(
      bids.map(({ bidder, retracted }) => [bidder, retracted]),
      [
        [2, true],
        [1, true],
      ],
    );
    const view = fixture.ask(GET, 0, { auctionId: AUCTION }).fields['auction'];
    const { status, bidCount, leadingBidder, currentPriceCents } = view as Record<string, unknown>;
    assert.deepEqual(
      [status, bidCount, leadingBidder, currentPriceCents],
      ['cancelled', 0, 0, 1_000],
    );
  });

  it('lists auctions newest first, by status and seller', () => {
    const fixture = new ShardFixture();
    for (let i = 1; i <= 5; i++) fixture.list({}, auctionId(i), i % 2 === 0 ? 91 : 92);
    fixture.ask(CANCEL_AUCTION, 92, { auctionId: auctionId(5), how: 'cancel', asAdmin: false });
    const ids = (more: object): unknown[] => {
      const from = { beforeUs: null, beforeId: null };
      const query = { ...from, limit: 10, status: null, seller: null, ...more };
      const page = fixture.ask(LIST_AUCTIONS, 0, query);
      return (page.fields['auctions'] as { auctionId: string }[]).map((one) => one.auctionId);
    };
    assert.deepEqual(ids({}), [5, 4, 3, 2, 1].map(auctionId));
    assert.deepEqual(ids({ status: 'cancelled' }), [auctionId(5)]);
    assert.deepEqual(ids({ seller: 'user-91' }), [auctionId(4), auctionId(2)]);
    assert.deepEqual(ids({ seller: 'user-nobody' }), []);
  });

  it('keeps a bid limit that was set from inside', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const limit = { auctionId: AUCTION, userId: 'user-7', limitCents: 2_000 };
    assert.equal(fixture.ask(SET_BID_LIMIT, SELLER, limit).name, 'done');
    assert.equal(fixture.bid(7, 2_001).code, REFUSALS.BID_LIMIT_EXCEEDED.code);
    assert.equal(fixture.bid(7, 2_000).code, 0);
  });
});

it('a cancel whose answer was lost is answered with the auction again', () => {
  const fixture = new ShardFixture();
  fixture.list();
  const cancel = { auctionId: AUCTION, asAdmin: false, how: 'cancel' } as const;
  const first = fixture.ask(CANCEL_AUCTION, SELLER, cancel);
  const again = fixture.ask(CANCEL_AUCTION, SELLER, cancel);
  assert.equal(first.name, 'auction');
  assert.deepEqual(
    {
      ...again.fields,
      id: 0,
      auction: { ...(again.fields['auction'] as object), serverTimeMs: 0 },
    },
    {
      ...first.fields,
      id: 0,
      auction: { ...(first.fields['auction'] as object), serverTimeMs: 0 },
    },
  );
  assert.equal(fixture.ask(CANCEL_AUCTION, 5, cancel).name, 'refused', 'nobody else');
  const sell = { ...cancel, how: 'sell' } as const;
  assert.equal(fixture.ask(CANCEL_AUCTION, SELLER, sell).name, 'refused', 'another request');
});
