/** What people read about an auction: countdowns, news, the live view, answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerText, auctionLines, countdown } from '../../src/cli/auction-text.ts';
import { Redraw, newsLine, screenLines } from '../../src/cli/auction-screen.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import type { AuctionView } from '../../src/protocol/views.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function auction(changes: Partial<AuctionView> = {}): AuctionView {
  return {
    auctionId: 'a'.repeat(22),
    epoch: 1,
    seq: 3,
    title: 'Brass lamp',
    seller: 'anna',
    status: 'active',
    format: 'proxy',
    currency: 'USD',
    startPriceCents: 1000,
    currentPriceCents: 1250,
    minimumNextCents: 1300,
    bidCount: 2,
    leadingBidder: 1,
    hasReserve: false,
    reserveMet: true,
    buyNowCents: null,
    startsAtMs: NOW_MS - 1000,
    endsAtMs: NOW_MS + 65_000,
    extensions: 0,
    softClose: { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 5 },
    listedAtMs: NOW_MS - 1000,
    endReason: null,
    winner: null,
    serverTimeMs: NOW_MS,
    ...changes,
  };
}

function answer(changes: Partial<Answer> = {}): Answer {
  return {
    id: 1,
    code: 0,
    epoch: 1,
    seq: 4,
    record: 9,
    currentPriceCents: 1050,
    status: 'leading',
    minimumNextCents: 1100,
    suggestedCents: [1100, 1150, 1200],
    endsAtMs: NOW_MS + 1000,
    serverTimeMs: NOW_MS,
    retryAfterMs: null,
    ...changes,
  };
}

test('a countdown shows days only where there are some, and never less than zero', () => {
  assert.equal(countdown(65_000), '1:05');
  assert.equal(countdown(1), '0:01');
  assert.equal(countdown(0), '0:00');
  assert.equal(countdown(-5000), '0:00');
  assert.equal(countdown(3_661_000), '01:01:01');
  assert.equal(countdown(2 * 86_400_000 + 1000), '2d 00:00:01');
});

test('the live view has price, leader, minimum and the time left, and fits the columns', () => {
  const screen = { auction: auction(), news: ['one'], nowMs: NOW_MS, connected: true };
  const text = screenLines(screen, 80).join('\n');
  assert.match(text, /price +12\.50 USD +\(2 bids\)/);
  assert.match(text, /leading +bidder 1/);
  assert.match(text, /at least 13\.00 USD/);
  assert.match(text, /ends in +1:05/);
  for (const line of screenLines(screen, 20)) assert.ok(line.length < 20, line);
});

test('the live view says when the connection is lost, and how it ended', () => {
  const lost = screenLines({ auction: auction(), news: [], nowMs: NOW_MS, connected: false }, 80);
  assert.match(lost.join('\n'), /connection lost/);
  const sold = auction({ status: 'sold', winner: 2, leadingBidder: 2, endReason: 'time' });
  const over = screenLines({ auction: sold, news: [], nowMs: NOW_MS, connected: true }, 80);
  assert.match(over.join('\n'), /winner +bidder 2/);
  assert.doesNotMatch(over.join('\n'), /next bid/);
});

test('news: bids, conflated bids, reserve, extensions, retractions and the end', () => {
  const before = auction({ hasReserve: true, reserveMet: false });
  const after = (changes: Partial<AuctionView>) =>
    newsLine(before, { ...before, ...changes }, NOW_MS);
  assert.equal(after({ bidCount: 3, leadingBidder: 2 }), '03:04:05  12.50 USD, bidder 2 leads');
  assert.match(after({ bidCount: 7 }) ?? '', /5 bids, 12\.50 USD/);
  assert.match(after({ bidCount: 3, reserveMet: true }) ?? '', /reserve met/);
  assert.match(after({ extensions: 1 }) ?? '', /extended \(1\), ends in 1:05/);
  assert.match(after({ bidCount: 1 }) ?? '', /bids taken back/);
  assert.match(after({ status: 'sold', winner: 1 }) ?? '', /ended: sold to bidder 1 at 12\.50 USD/);
  assert.match(after({ status: 'unsold' }) ?? '', /ended: unsold: reserve not met/);
  assert.equal(after({}), null);
  assert.match(newsLine(null, before, NOW_MS) ?? '', /active at 12\.50 USD, 2 bids/);
});

test('an answer says who leads and what the next bid is', () => {
  assert.equal(
    answerText(answer(), 'USD'),
    'You lead at 10.50 USD; your next bid is at least 11.00 USD.',
  );
  assert.match(
    answerText(answer({ status: 'outbid' }), 'USD'),
    /^Accepted, but somebody else leads/,
  );
  assert.match(answerText(answer({ status: 'reserve_not_met' }), 'USD'), /reserve is not met/);
  const bought = answer({ status: 'won', minimumNextCents: 0 });
  assert.equal(answerText(bought, 'USD'), 'You won at 10.50 USD.');
});

test('the description of an auction names what matters', () => {
  const text = auctionLines(auction({ hasReserve: true, buyNowCents: 5000 }), {
    description: 'Old.',
    leaderId: null,
    condition: 'open_box',
    location: 'Berlin',
    country: 'DE',
    shipping: 'Parcel',
    shippingCents: 490,
    additions: [{ atMs: Date.UTC(2026, 0, 2, 3, 4, 5), text: 'It ticks.' }],
    relistOf: 'auction000000000000001',
    relistedAs: null,
  }).join('\n');
  assert.match(text, /^Brass lamp/);
  assert.match(text, /buy now +50\.00 USD/);
  assert.match(text, /reserve +met/);
  assert.match(text, /ends +2026-01-02 03:05:10 UTC, in 1:05/);
  assert.match(text, /condition +open box/);
  assert.match(text, /where +Berlin, DE/);
  assert.match(text, /shipping +4\.90 USD: Parcel/);
  assert.match(text, /relist of +auction000000000000001/);
  assert.match(text, /Old\.\n\nAdded 2026-01-02 03:04:05 UTC:\nIt ticks\.$/);
  const silent = { condition: null, location: null, country: null, shipping: null };
  const links = { additions: [], relistOf: null, relistedAs: null };
  const short = { description: '', leaderId: null, ...silent, ...links, shippingCents: 0 };
  assert.match(auctionLines(auction(), short).join('\n'), /shipping +free$/);
  assert.doesNotMatch(auctionLines(auction(), short).join('\n'), /condition|where|relist|Added/);
});

test('drawing again goes up by what was drawn before', () => {
  let written = '';
  const redraw = new Redraw((text) => (written += text));
  redraw.draw(['a', 'b']);
  assert.equal(written, '\x1b[2Ka\n\x1b[2Kb\n\x1b[0J');
  written = '';
  redraw.draw(['c']);
  assert.ok(written.startsWith('\x1b[2A\x1b[2Kc'));
});
