import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBAY_INCREMENTS } from '../../src/auction/increments.ts';
import { changeFault, decideListing } from '../../src/auction/listing.ts';
import type { ListAuction } from '../../src/auction/commands.ts';
import type { AuctionId, AuctionRef } from '../../src/auction/ids.ts';
import { CENTS_MAX } from '../../src/auction/money.ts';
import { RULE_SETTINGS, settingsFault } from '../../src/auction/settings.ts';
import type { RuleSettings } from '../../src/auction/settings.ts';
import type { ListingText } from '../../src/auction/terms.ts';
import {
  ANN,
  DAY,
  END,
  END_MS,
  HOUR,
  ID,
  SELLER,
  START,
  START_MS,
  TEXT,
  bid,
  block,
  cents,
  change,
  clock,
  endEarly,
  given,
  retract,
  terms,
} from './fixture.ts';
import type { TermsGiven } from './fixture.ts';

const REF = 7 as AuctionRef;
const LISTED_AT = START - HOUR;

function list(
  termsGiven: TermsGiven = {},
  text: Partial<ListingText> = {},
  id = ID,
  settings: RuleSettings = RULE_SETTINGS,
): ReturnType<typeof decideListing> {
  const command: ListAuction = {
    kind: 'ListAuction',
    id,
    seller: SELLER,
    terms: terms(termsGiven),
    text: { ...TEXT, ...text },
  };
  return decideListing(REF, command, LISTED_AT, settings);
}

test('where there is a tree of categories, a listing stands in it or in none', () => {
  const categories = { Home: { Lamps: {}, Chairs: null }, Books: {} };
  const settings = { ...RULE_SETTINGS, categories };
  const taken = [[], ['Home'], ['Home', 'Lamps'], ['Home', 'Chairs'], ['Books']];
  for (const category of taken) assert.ok('terms' in list({}, { category }, ID, settings));
  const others = [['Lamps'], ['home'], ['Home', 'Books'], ['Home', 'Chairs', 'Old'], ['toString']];
  for (const category of [...others, ['__proto__'], ['Home', 'constructor']]) {
    const refused = list({}, { category }, ID, settings);
    assert.ok('refusal' in refused && refused.field === 'category', category.join('/'));
    assert.ok('terms' in list({}, { category }), 'without a tree, sellers name them');
  }
});

test('a listing becomes an auction with its first update', () => {
  assert.deepEqual(list(), {
    kind: 'AuctionListed',
    auction: 7,
    auctionSeq: 1,
    atUs: LISTED_AT,
    id: ID,
    seller: SELLER,
    terms: terms(),
    text: TEXT,
  });
});

test('a start in the past means now, and the span counts from then', () => {
  const event = list({ startsAtMs: 0 });
  assert.ok('terms' in event);
  assert.equal(event.terms.startsAtMs, LISTED_AT / 1000);
  const brief = list({ startsAtMs: 0, endsAtMs: LISTED_AT / 1000 + 999 });
  assert.ok('field' in brief);
  assert.equal(brief.field, 'endsAtMs');
});

test('every fault is refused with its field', () => {
  const faulty: readonly (readonly [string, TermsGiven])[] = [
    ['currency', { currency: 'usd' }],
    ['currency', { currency: 'DOLLAR' }],
    ['currency', { currency: '' }],
    ['currency', { currency: 'ABC' }],
    ['currency', { currency: 'USB' }],
    // Once currencies, and no more.
    ['currency', { currency: 'DEM' }],
    ['currency', { currency: 'constructor' }],
    ['startPriceCents', { startPriceCents: 0 }],
    ['startPriceCents', { startPriceCents: 1.5 }],
    ['startPriceCents', { startPriceCents: CENTS_MAX + 1 }],
    ['reserveCents', { reserveCents: 99 }],
    ['reserveCents', { reserveCents: Number.NaN }],
    ['buyNowCents', { buyNowCents: 1_29 }],
    ['buyNowCents', { buyNowCents: CENTS_MAX + 1 }],
    ['buyNowCents', { buyNowCents: 49_99, reserveCents: 50_00 }],
    ['increments', { increments: [] }],
    ['softClose', { softClose: { windowMs: -1, extensionMs: 0, extensionsMax: 5 } }],
    ['softClose', { softClose: { windowMs: 0, extensionMs: 0.5, extensionsMax: 5 } }],
    ['softClose', { softClose: { windowMs: 0, extensionMs: 0, extensionsMax: -1 } }],
    ['softClose', { softClose: { windowMs: 1, extensionMs: 1e12, extensionsMax: 5 } }],
    ['fatFingerFactor', { fatFingerFactor: 0.5 }],
    ['fatFingerFactor', { fatFingerFactor: Number.NaN }],
    ['startsAtMs', { startsAtMs: START_MS + 0.5 }],
    [
      'startsAtMs',
      { startsAtMs: START_MS + (400 * DAY) / 1000, endsAtMs: START_MS + (401 * DAY) / 1000 },
    ],
    ['endsAtMs', { endsAtMs: START_MS + 999 }],
    ['endsAtMs', { endsAtMs: START_MS + (90 * DAY) / 1000 + 1 }],
    ['endsAtMs', { endsAtMs: Number.NaN }],
  ];
  for (const [field, wrong] of faulty) {
    const refused = list(wrong);
    assert.ok('refusal' in refused, `${field}: ${JSON.stringify(wrong)} was taken`);
    assert.equal(refused.refusal, 'INVALID_LISTING');
    assert.equal(refused.field, field, JSON.stringify(wrong));
    assert.match(refused.reason, /^(must|the last|steps|increments|windowMs|extension)/);
  }
});

test('buy-it-now is at least 30 % above the start price, and not below the reserve', () => {
  assert.ok('terms' in list({ startPriceCents: 1_00, buyNowCents: 1_30 }));
  assert.ok('terms' in list({ startPriceCents: 9, buyNowCents: 12 }));
  assert.ok('field' in list({ startPriceCents: 9, buyNowCents: 11 }));
  assert.ok('terms' in list({ reserveCents: 50_00, buyNowCents: 50_00 }));
});

test('an auction may run for longer than 24.8 days, up to 90', () => {
  assert.ok('terms' in list({ endsAtMs: START_MS + (25 * DAY) / 1000 }));
  assert.ok('terms' in list({ endsAtMs: START_MS + (90 * DAY) / 1000 }));
});

test('texts are plain, not empty, and within their limits', () => {
  const faulty: readonly (readonly [string, Partial<ListingText>])[] = [
    ['title', { title: ' ' }],
    ['title', { title: 'x'.repeat(121) }],
    ['title', { title: 'two\nlines' }],
    ['title', { title: '\ud800' }],
    ['description', { description: 'x'.repeat(32_769) }],
    ['description', { description: '\u0000' }],
    ['description', { description: 'half a pair \udc00' }],
    ['category', { category: Array.from({ length: 9 }, () => 'x') }],
    ['category', { category: [''] }],
    ['location', { location: ' ' }],
    ['location', { location: 'two\nlines' }],
    ['location', { location: 'x'.repeat(121) }],
    ['country', { country: 'de' }],
    ['country', { country: 'ZZ' }],
    ['country', { country: 'UK' }],
    ['shipping', { shipping: 'x'.repeat(1001) }],
    ['shipping', { shipping: '\u0007' }],
    ['shippingCents', { shippingCents: cents(0.5) }],
  ];
  for (const [field, wrong] of faulty) {
    const refused = list({}, wrong);
    assert.ok('field' in refused, `${field}: ${JSON.stringify(wrong).slice(0, 60)} was taken`);
    assert.equal(refused.field, field);
  }
  assert.ok('terms' in list({}, { title: 'Ø 36 mm – “Tank”', description: '', category: [] }));
  const item = { condition: 'used', location: 'København', country: 'DK' } as const;
  const sending = { shipping: 'Parcel.\nOr by hand.', shippingCents: cents(0) };
  assert.ok('terms' in list({}, { ...item, ...sending }));
});

test('an id is 22 letters and digits', () => {
  const refused = list({}, {}, 'short' as AuctionId);
  assert.ok('field' in refused);
  assert.equal(refused.field, 'auctionId');
});

test('a scheduled listing can be changed as a whole, but its end never moves back', () => {
  const startsAtMs = START_MS + 1000;
  const endsAtMs = END_MS + 1000;
  given({})
    .when(
      change(
        { currency: 'EUR', format: 'direct', startPriceCents: 2_00, startsAtMs, endsAtMs },
        LISTED_AT,
      ),
    )
    .then([{ kind: 'ListingChanged', auctionSeq: 2 }])
    .state({ priceCents: cents(2_00), endsAtMs, status: 'scheduled', textRecordSeq: 2 });
  given({})
    .when(change({ endsAtMs: END_MS - 1 }, LISTED_AT))
    .then('INVALID_LISTING');
});

test('a changed start that is past by then means now', () => {
  const { auction } = given({}, change({ startsAtMs: 5 }, START - 5000));
  assert.equal(auction.terms.startsAtMs, START_MS - 5);
});

test('an active listing without bids can be changed, but for format, currency and start', () => {
  given({})
    .when(change({ startPriceCents: 50, reserveCents: 80 }, START + HOUR, SELLER, { title: 'New' }))
    .then([{ kind: 'ListingChanged', auctionSeq: 3 }])
    .state({ title: 'New', priceCents: cents(50), reserveMet: false });
  for (const wrong of [
    { format: 'direct' as const },
    { currency: 'EUR' },
    { startsAtMs: START_MS + 1 },
    { endsAtMs: END_MS - 1 },
    { buyNowCents: 1_10 },
  ]) {
    given().when(change(wrong)).then('INVALID_LISTING');
  }
});

test('changeFault names the field of a refused change', () => {
  const { auction } = given({}, clock(START));
  const fieldOf = (wrong: TermsGiven): string | undefined => {
    const { command, atUs } = change(wrong);
    assert.ok(command.kind === 'ChangeListing');
    return changeFault(auction, command, atUs, RULE_SETTINGS)?.field;
  };
  assert.equal(fieldOf({ currency: 'EUR' }), 'currency');
  assert.equal(fieldOf({ endsAtMs: END_MS - 1 }), 'endsAtMs');
  assert.equal(fieldOf({ increments: EBAY_INCREMENTS }), undefined);
});

test('currencies are those of ISO 4217', () => {
  for (const currency of ['EUR', 'USD', 'JPY', 'CHF', 'KWD', 'CLP', 'ZAR', 'XOF', 'UYU']) {
    assert.ok('kind' in list({ currency }), currency);
  }
  const refused = list({ currency: 'XQZ' });
  assert.ok('refusal' in refused);
  assert.equal(
    refused.reason,
    'must be the ISO 4217 code of a currency in use, such as EUR or USD',
  );
});

test('an auction in a currency that was given up can still be changed, but to none such', () => {
  const startsAtMs = START_MS + 60_000;
  const { auction } = given({ startsAtMs });
  auction.terms = { ...auction.terms, currency: 'DEM' };
  const faultOf = (wrong: TermsGiven): unknown => {
    const { command, atUs } = change({ startsAtMs, ...wrong }, START - 5000);
    assert.ok(command.kind === 'ChangeListing');
    return changeFault(auction, command, atUs, RULE_SETTINGS);
  };
  assert.equal(faultOf({ currency: 'DEM', startPriceCents: 50 }), null);
  assert.equal(faultOf({ currency: 'EUR' }), null);
  const { field } = faultOf({ currency: 'FRF' }) as { field: string };
  assert.equal(field, 'currency');
});

test('with a bid the terms are fixed for good, also if it was retracted', () => {
  given({}, bid(ANN, 5_00)).when(change({})).then('CHANGE_TOO_LATE');
  given({}, bid(ANN, 5_00), retract(ANN)).when(change({})).then('CHANGE_TOO_LATE');
  const refused = given({}, block(ANN));
  refused.when(bid(ANN, 5_00)).then('BIDDER_BLOCKED');
  refused.when(change({})).then([{ kind: 'ListingChanged' }]);
});

test('nobody but the seller changes a listing, and nobody once it is over', () => {
  given()
    .when(change({}, START, ANN))
    .then('NOT_YOUR_AUCTION');
  given().when(change({}, END)).then('AUCTION_ENDED');
  given({}, endEarly('cancel')).when(change({})).then('AUCTION_CANCELLED');
});

test('the default settings hold, and faulty ones are named', () => {
  assert.equal(settingsFault(RULE_SETTINGS), null);
  const faulty: readonly Partial<RuleSettings>[] = [
    { bidsPerMinuteMax: 0 },
    { fatFingerFactor: 0 },
    { softClose: { windowMs: 1, extensionMs: 1, extensionsMax: 1.5 } },
    { incrementsByCurrency: { USD: [] } },
    { retractAllBeforeEndMs: -1 },
    { titleCharsMax: 0 },
    { durationMsMin: 0 },
    { durationMsMax: 1 },
    { buyNowAboveStartPercent: -1 },
  ];
  for (const each of faulty) {
    const [name] = Object.keys(each);
    const fault = settingsFault({ ...RULE_SETTINGS, ...each });
    assert.ok(fault?.startsWith(name ?? '?'), `${name}: ${fault}`);
  }
  assert.equal(
    settingsFault({ ...RULE_SETTINGS, bidsPerMinuteMax: null, fatFingerFactor: null }),
    null,
  );
});
