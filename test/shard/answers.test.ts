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
    fixture.bid(1, 1_000);
    fixture.bid(1, 2_000);
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
