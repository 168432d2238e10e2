/** What a bid command is answered: the record's outcome, and what the same bidder may bid next. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CENTS_MAX } from '../../src/auction/money.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { auctionId, ShardFixture } from './fixture.ts';

describe('answers', () => {
  it('tells an accepted bidder everything RULES.md section 3 lists', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const answer = fixture.bid(1, 5_000);
    assert.equal(answer.code, 0);
    assert.equal(answer.epoch, 1);
    assert.equal(answer.currentPriceCents, 1_000);
    assert.equal(answer.status, 'leading');
    // Of the leader: above the own maximum, which only the leader is told.
    assert.equal(answer.minimumNextCents, 5_001);
    assert.deepEqual(answer.suggestedCents, [5_001, 5_101, 5_201]);
    assert.equal(answer.record, fixture.journal.committedSeq);
    assert.equal(answer.serverTimeMs, Math.floor((fixture.nowUs - 1) / 1000));
  });

  it('tells a refused bidder the state, so that the next bid can be right', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    const answer = fixture.bid(2, 1_010);
    assert.equal(answer.code, REFUSALS.BID_TOO_LOW.code);
    assert.equal(answer.status, 'none');
    assert.equal(answer.minimumNextCents, 1_050);
    assert.ok(answer.record > 0, 'a refused bid leaves a record');
  });

  it('quotes whoever does not lead one increment above the price', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    const outbid = fixture.bid(2, 3_000);
    assert.equal(outbid.status, 'outbid');
    assert.deepEqual([outbid.currentPriceCents, outbid.minimumNextCents], [3_100, 3_200]);
    assert.deepEqual(outbid.suggestedCents, [3_200, 3_300, 3_400]);
  });

  it('quotes the leader of a direct auction one increment above the price', () => {
    const fixture = new ShardFixture();
    fixture.list({ format: 'direct' });
    const answer = fixture.bid(1, 5_000);
    assert.deepEqual([answer.currentPriceCents, answer.minimumNextCents], [5_000, 5_100]);
    const refused = fixture.bid(1, 5_099);
    assert.equal(refused.code, REFUSALS.BID_TOO_LOW.code);
    assert.equal(refused.minimumNextCents, 5_100);
    assert.equal(fixture.bid(1, 5_100).currentPriceCents, 5_100);
  });

  it('quotes exactly what is enforced, after every answer of a bidder', () => {
    for (const format of ['proxy', 'direct'] as const) {
      const fixture = new ShardFixture({ settings: { bidsPerMinuteMax: null } });
      fixture.list({ format, fatFingerFactor: 0 });
      for (const [user, amountCents] of [
        [1, 900],
        [1, 2_000],
        [1, 2_000],
        [2, 1_500],
        [2, 2_600],
        [1, 2_650],
        [1, 9_000],
        [2, 12_000],
      ] as const) {
        const { minimumNextCents } = fixture.bid(user, amountCents);
        const tried = (cents: number): number => fixture.bid(user, cents, { dryRun: true }).code;
        assert.notEqual(tried(minimumNextCents - 1), 0, `${format}, ${amountCents}`);
        assert.equal(tried(minimumNextCents), 0, `${format}, ${amountCents}`);
      }
    }
  });

  it('tells a refused leader the least raise, also when the answer is repeated', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    const fields = fixture.bidFields(5_000);
    const first = fixture.ask(PLACE_BID, 1, fields);
    assert.equal(first.fields['code'], REFUSALS.BID_BELOW_OWN_MAXIMUM.code);
    assert.equal(first.fields['minimumNextCents'], 5_001);
    fixture.bid(1, 6_000);
    const again = fixture.ask(PLACE_BID, 1, fields);
    assert.deepEqual({ ...again.fields, id: 0 }, { ...first.fields, id: 0 });
  });

  it('keeps the outbid message free of what its reader did not know', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    const outbid = fixture.delivered().find(({ name }) => name === 'outbid');
    assert.equal(outbid?.fields['minimumNextCents'], 5_200);
  });

  it('quotes everybody’s minimum after a retraction', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    const answer = fixture.retract(2);
    assert.deepEqual([answer.currentPriceCents, answer.minimumNextCents], [1_000, 1_050]);
  });

  it('quotes whoever still leads after a retraction above the maximum that remains', () => {
    const fixture = new ShardFixture();
    fixture.list({ endsAtMs: Math.floor(fixture.nowUs / 1000) + 7_200_000 });
    fixture.bid(1, 5_000);
    fixture.bid(1, 6_000);
    const answer = fixture.retract(1);
    assert.deepEqual([answer.status, answer.minimumNextCents], ['leading', 5_001]);
    assert.equal(fixture.bid(1, 5_000).code, REFUSALS.BID_BELOW_OWN_MAXIMUM.code);
    assert.equal(fixture.bid(1, 5_001).code, 0);
  });

  it('quotes and suggests nothing where no amount would be enough', () => {
    const fixture = new ShardFixture();
    fixture.list({ startPriceCents: CENTS_MAX });
    const answer = fixture.bid(1, CENTS_MAX);
    assert.equal(answer.code, 0);
    assert.equal(answer.minimumNextCents, 0);
    assert.deepEqual(answer.suggestedCents, []);
  });

  it('says when one may bid again after too many bids', () => {
    const fixture = new ShardFixture({ settings: { bidsPerMinuteMax: 2 } });
    fixture.list();
    fixture.bid(1, 500);
    fixture.bid(1, 600);
    const answer = fixture.bid(1, 3_000);
    assert.equal(answer.code, REFUSALS.VELOCITY_LIMIT.code);
    assert.ok((answer.retryAfterMs ?? 0) > 59_000 && (answer.retryAfterMs ?? 0) <= 60_000);
  });

  it('answers a dry run without a record', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const before = fixture.journal.committedSeq;
    const answer = fixture.bid(1, 5_000, { dryRun: true });
    assert.equal(answer.code, 0);
    assert.equal(answer.record, 0);
    // The user was introduced, nothing else.
    assert.equal(fixture.journal.committedSeq, before + 1);
    assert.equal(fixture.bid(1, 5_000).status, 'leading');
  });

  it('tells whoever tries in a dry run nothing that is hidden', () => {
    const fixture = new ShardFixture({ settings: { bidsPerMinuteMax: null } });
    fixture.list({ reserveCents: 8_000, fatFingerFactor: 0 });
    fixture.bid(1, 5_000);
    const tries = [2_000, 4_999, 5_000, 5_001, 7_999, 8_000, 50_000];
    for (const user of [1, 2]) {
      const told = tries
        .map((cents) => fixture.bid(user, cents, { dryRun: true }))
        .filter(({ code }) => code === 0)
        .map((answer) => ({ ...answer, id: 0, serverTimeMs: 0 }));
      assert.ok(told.length > 2);
      // The auction as it is, whatever was tried.
      for (const answer of told) assert.deepEqual(answer, told[0]);
      assert.equal(told[0]?.currentPriceCents, 1_000);
      assert.equal(told[0]?.status, user === 1 ? 'reserve_not_met' : 'none');
    }
  });

  it('repeats a refusal byte for byte, also after the seller has changed the listing', () => {
    const fixture = new ShardFixture();
    const startsAtMs = Math.floor(fixture.nowUs / 1000) + 3_600_000;
    fixture.list({ startsAtMs, buyNowCents: 5_000 });
    const nonce = fixture.nonce();
    const said = [
      fixture.bidFields(2_000),
      fixture.bidFields(2_000, { currency: 'USD' }),
      fixture.bidFields(2_000, { currency: 'EUR' }),
    ];
    const all = (): object[] => [
      ...said.map((fields) => fixture.ask(PLACE_BID, 1, fields).fields),
      fixture.buyNow(1, nonce),
    ];
    const before = all();
    fixture.change({
      startsAtMs,
      currency: 'EUR',
      buyNowCents: 6_000,
      increments: [{ belowCents: null, incrementCents: 777 }],
    });
    const after = all();
    assert.deepEqual(
      after.map((fields) => ({ ...fields, id: 0 })),
      before.map((fields) => ({ ...fields, id: 0 })),
    );
    assert.equal((after[0] as { code: number }).code, REFUSALS.AUCTION_NOT_STARTED.code);
    // Another currency is other content.
    const dollars = said[1];
    const euros = fixture.ask(PLACE_BID, 1, { ...dollars, currency: 'EUR' } as never);
    assert.equal(euros.fields['code'], REFUSALS.NONCE_REUSED.code);
  });

  it('refuses what is not signed in, unknown, or malformed, each with one reply', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const anonymous = fixture.ask(PLACE_BID, 0, fixture.bidFields(1_000));
    assert.equal(anonymous.fields['code'], REFUSALS.NOT_SIGNED_IN.code);
    const stray = fixture.ask(
      PLACE_BID,
      1,
      fixture.bidFields(1_000, { auctionId: auctionId(404) }),
    );
    assert.equal(stray.fields['code'], REFUSALS.AUCTION_UNKNOWN.code);
    const malformed = fixture.ask(PLACE_BID, 1, fixture.bidFields(1_000, { nonce: 'short' }));
    assert.equal(malformed.fields['code'], REFUSALS.MALFORMED.code);
    assert.equal(malformed.fields['field'], 'nonce');
  });
});
