/** What became of a user's commands, on the private feed of whoever has one: once, and as answered. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADD_TO_DESCRIPTION } from '../../src/protocol/messages/add-to-description.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import type { OwnAnswer } from '../../src/protocol/messages/own-answer.ts';
import { OWN_ANSWER } from '../../src/protocol/messages/own-answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RELIST_AUCTION } from '../../src/protocol/messages/relist-auction.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { Random } from '../sim/random.ts';
import type { Delivered } from './fixture.ts';
import { AUCTION, auctionId, NO_CHANGES, SELLER, ShardFixture, START_MS } from './fixture.ts';

const ANN = 1;
const BOB = 2;
/** Has no feed. */
const DAN = 3;
const NONE = auctionId(404);

interface Told extends OwnAnswer {
  readonly to: number;
  readonly except: number | undefined;
}

function toldIn(delivered: readonly Delivered[]): Told[] {
  return delivered
    .filter(({ kind, name }) => kind === 'notify' && name === OWN_ANSWER.name)
    .map(({ to, except, fields }) => ({ ...(fields as unknown as OwnAnswer), to, except }));
}

function given(): ShardFixture {
  const settings = { bidsPerMinuteMax: null, fatFingerFactor: null };
  const fixture = new ShardFixture({ settings });
  for (const user of [ANN, BOB, SELLER]) fixture.keepFeed(user);
  return fixture;
}

describe('own answers on the private feed', () => {
  it('say the same as the answers, once for each decided command, under random commands', () => {
    const random = new Random(11);
    const fixture = given();
    fixture.list({ endsAtMs: START_MS + 48 * 3_600_000 });
    fixture.delivered();
    const codes = new Map<string, number>();
    for (let i = 0; i < 2_000; i++) {
      const user = random.pick([ANN, BOB, DAN]);
      const nonce = fixture.nonce();
      const where = random.chance(0.05) ? NONE : AUCTION;
      const amountCents = 1_000 + i * 20 - random.below(400);
      const plain = { auctionId: where, nonce };
      const bid = fixture.bidFields(amountCents, { ...plain, nonce });
      const kind = random.pick(['place_bid', 'place_bid', 'place_bid', 'buy_now', 'retract']);
      if (kind === 'place_bid') fixture.ask(PLACE_BID, user, bid);
      else fixture.ask(kind === 'buy_now' ? BUY_NOW : RETRACT, user, plain);
      const delivered = fixture.delivered();
      const told = toldIn(delivered);
      if (user === DAN) {
        assert.deepEqual(told, []);
        continue;
      }
      const reply = delivered.find((one) => one.kind === 'reply');
      const [one] = told;
      assert.ok(one !== undefined && told.length === 1, `one notice for command ${i}`);
      assert.deepEqual([one.to, one.except], [user, user], 'the connection that asked needs none');
      assert.deepEqual([one.auctionId, one.command, one.nonce], [where, kind, nonce]);
      if (kind === 'place_bid') assert.equal(one.amountCents, amountCents);
      const { id: _, code, record, serverTimeMs, ...rest } = reply?.fields ?? {};
      assert.equal(one.code, code);
      codes.set(`${kind} ${one.code}`, (codes.get(`${kind} ${one.code}`) ?? 0) + 1);
      if (where === NONE) {
        assert.deepEqual([one.standing, one.field], [null, 'auctionId']);
        assert.ok(one.record > 0, 'it left a record');
        continue;
      }
      assert.deepEqual([one.record, one.serverTimeMs], [record, serverTimeMs]);
      const { retryAfterMs, ...standing } = rest;
      assert.deepEqual([one.standing, one.retryAfterMs], [standing, retryAfterMs]);
    }
    const { AUCTION_UNKNOWN, BID_TOO_LOW, BUY_NOW_UNAVAILABLE } = REFUSALS;
    for (const what of [
      'place_bid 0',
      `place_bid ${BID_TOO_LOW.code}`,
      `place_bid ${AUCTION_UNKNOWN.code}`,
      `buy_now ${BUY_NOW_UNAVAILABLE.code}`,
      'retract 0',
    ]) {
      assert.ok((codes.get(what) ?? 0) >= 3, `${what} happens`);
    }
  });

  it('are not told of a dry run, a repeated nonce, or one with other content', () => {
    const fixture = given();
    fixture.list();
    fixture.delivered();
    const bid = fixture.bidFields(2_000);
    fixture.ask(PLACE_BID, ANN, { ...bid, dryRun: true });
    assert.deepEqual(toldIn(fixture.delivered()), []);
    fixture.ask(PLACE_BID, ANN, bid);
    assert.equal(toldIn(fixture.delivered()).length, 1);
    fixture.ask(PLACE_BID, ANN, bid);
    const reused = fixture.ask(PLACE_BID, ANN, { ...bid, amountCents: 9_000 });
    assert.equal(reused.fields['code'], REFUSALS.NONCE_REUSED.code);
    assert.deepEqual(toldIn(fixture.delivered()), []);
  });

  it('tell of a purchase, with its price', () => {
    const fixture = given();
    fixture.list({ buyNowCents: 7_000 });
    fixture.delivered();
    fixture.buyNow(BOB);
    const [told] = toldIn(fixture.delivered());
    const { command, amountCents, code, standing } = told ?? {};
    assert.deepEqual([command, amountCents, code, standing?.status], ['buy_now', 7_000, 0, 'won']);
  });

  it('tell a seller of listings: made, refused, changed, ended, each once', () => {
    const fixture = given();
    const said = (): unknown[] =>
      toldIn(fixture.delivered()).map(({ to, command, code, field, record, standing }) => {
        return [to, command, code, field, record > 0, standing];
      });
    fixture.list({ endsAtMs: START_MS - 1 });
    const invalid = REFUSALS.INVALID_LISTING.code;
    assert.deepEqual(said(), [[SELLER, 'create_auction', invalid, 'endsAtMs', false, null]]);
    fixture.list({ endsAtMs: START_MS + 20 * 3_600_000 });
    assert.deepEqual(said(), [[SELLER, 'create_auction', 0, null, true, null]]);
    fixture.list();
    assert.deepEqual(said(), [], 'the same request again');
    fixture.change({ title: 'A better watch' });
    assert.deepEqual(said(), [[SELLER, 'change_auction', 0, null, true, null]]);
    fixture.ask(CANCEL_AUCTION, ANN, { auctionId: AUCTION, how: 'cancel', asAdmin: false });
    const notYours = REFUSALS.NOT_YOUR_AUCTION.code;
    assert.deepEqual(said(), [[ANN, 'cancel_auction', notYours, null, false, null]]);
    fixture.ask(CANCEL_AUCTION, SELLER, { auctionId: NONE, how: 'cancel', asAdmin: false });
    const unknown = REFUSALS.AUCTION_UNKNOWN.code;
    assert.deepEqual(said(), [[SELLER, 'cancel_auction', unknown, 'auctionId', false, null]]);
    const asked = { auctionId: AUCTION, how: 'cancel', asAdmin: false } as const;
    for (const again of [false, true]) {
      fixture.ask(CANCEL_AUCTION, SELLER, asked);
      assert.deepEqual(said(), again ? [] : [[SELLER, 'cancel_auction', 0, null, true, null]]);
    }
  });

  it('tell a seller of additions and relistings, each once', () => {
    const fixture = given();
    fixture.list();
    fixture.bid(ANN, 2_000);
    const said = (): unknown[] =>
      toldIn(fixture.delivered()).flatMap(({ to, command, code, record }) =>
        to === SELLER ? [[command, code, record > 0]] : [],
      );
    said();
    for (const again of [false, true]) {
      fixture.ask(ADD_TO_DESCRIPTION, SELLER, { auctionId: AUCTION, text: 'With its box.' });
      assert.deepEqual(said(), again ? [] : [['add_to_description', 0, true]]);
    }
    const relist = { auctionId: AUCTION, newAuctionId: auctionId(5), changes: NO_CHANGES };
    fixture.ask(RELIST_AUCTION, SELLER, relist);
    assert.deepEqual(said(), [['relist_auction', REFUSALS.NOT_TO_RELIST.code, false]]);
    fixture.ask(CANCEL_AUCTION, SELLER, { auctionId: AUCTION, how: 'cancel', asAdmin: false });
    said();
    for (const again of [false, true]) {
      fixture.ask(RELIST_AUCTION, SELLER, relist);
      assert.deepEqual(said(), again ? [] : [['relist_auction', 0, true]]);
    }
  });

  it('end with the feed, and begin with it, also for somebody who bid before', () => {
    const fixture = given();
    fixture.list();
    fixture.bid(DAN, 2_000);
    fixture.delivered();
    fixture.keepFeed(DAN);
    fixture.bid(DAN, 3_000);
    assert.equal(toldIn(fixture.delivered()).length, 1);
    fixture.keepFeed(DAN, false);
    fixture.bid(DAN, 4_000);
    assert.deepEqual(toldIn(fixture.delivered()), []);
  });
});
