/** A file of recorded listings: what is taken, what is mended, and what is named as malformed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readListings, scaledEnds } from '../../src/cli/import/recorded-listings.ts';

const LINE = {
  id: '1043374545',
  title: 'A brass lamp',
  categories: ['Home', 'Lamps'],
  startPrice: '30.00',
  buyNowPrice: null,
  started: 'Dec-03-01 18:10:40',
  ends: 'Dec-13-01 18:10:40',
  seller: 's6ff412b2',
  description: 'Shines.',
  location: 'here',
  country: 'USA',
};

function read(...lines: (object | string)[]): ReturnType<typeof readListings> {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  return readListings(texts.join('\n'));
}

test('a line becomes a listing of its seller', () => {
  const { listings, faults } = read(LINE, '', { ...LINE, id: '2', buyNowPrice: '40.5' });
  assert.deepEqual(faults, []);
  assert.deepEqual(listings[0], {
    line: 1,
    id: '1043374545',
    seller: 's6ff412b2',
    endsAtMs: Date.UTC(2001, 11, 13, 18, 10, 40),
    listing: {
      title: 'A brass lamp',
      currency: 'USD',
      startPriceCents: 3_000,
      description: 'Shines.',
      category: ['Home', 'Lamps'],
      location: 'here',
      country: 'US',
    },
    remarks: [],
  });
  assert.deepEqual([listings[1]?.line, listings[1]?.listing.buyNowCents], [3, 4_050]);
});

test('the country is found by name or code, the condition by what people call it', () => {
  for (const [country, code] of [
    ['United Kingdom', 'GB'],
    ['Russian Federation', 'RU'],
    ['de', undefined],
    ['DE', 'DE'],
    ['germany', 'DE'],
    ['', undefined],
    ['Atlantis', undefined],
  ] as const) {
    assert.equal(read({ ...LINE, country }).listings[0]?.listing.country, code, country);
  }
  for (const [condition, word] of [
    ['New', 'new'],
    ['Open box', 'open_box'],
    ['For parts or not working', 'for_parts'],
    ['for_parts', 'for_parts'],
    ['mint', undefined],
  ] as const) {
    assert.equal(read({ ...LINE, condition }).listings[0]?.listing.condition, word, condition);
  }
  const [odd] = read({ ...LINE, country: 'Atlantis', condition: 'mint', location: '' }).listings;
  assert.deepEqual(odd?.remarks, [
    'its country "Atlantis" is not known and is left out',
    'its condition "mint" is not known and is left out',
  ]);
  assert.ok(!('location' in (odd?.listing ?? {})));
  assert.match(read({ ...LINE, condition: 7 }).faults[0]?.reason ?? '', /condition must be a text/);
});

test('what the rules do not take is mended, and told', () => {
  const deep = Array.from({ length: 9 }, (_, i) => `level ${i}`);
  const { listings } = read({
    ...LINE,
    title: 'x'.repeat(121),
    buyNowPrice: '38.99',
    categories: deep,
  });
  const [one] = listings;
  assert.equal(one?.listing.title.length, 120);
  assert.equal(one?.listing.buyNowCents, undefined);
  assert.equal(one?.listing.category.length, 8);
  assert.equal(one?.remarks.length, 3);
});

test('each malformed line is named with its number, and the others count', () => {
  const wrong: readonly [object | string, RegExp][] = [
    ['{"id": ', /not a JSON object/],
    ['[1]', /not a JSON object/],
    [{ ...LINE, id: '' }, /^id must be a text/],
    [{ ...LINE, id: 'a b' }, /^id must have/],
    [{ ...LINE, id: '3', startPrice: 'dear' }, /^startPrice "dear"/],
    [{ ...LINE, id: '3', startPrice: '0.00' }, /^startPrice/],
    [{ ...LINE, id: '3', startPrice: 30 }, /^startPrice must be a text/],
    [{ ...LINE, id: '3', buyNowPrice: 4 }, /^buyNowPrice/],
    [{ ...LINE, id: '3', ends: '2001-12-13' }, /^ends "2001-12-13" is not a time/],
    [{ ...LINE, id: '3', ends: 'Foo-13-01 18:10:40' }, /^ends/],
    [{ ...LINE, id: '3', seller: 'two words' }, /^seller/],
    [{ ...LINE, id: '3', categories: 'Home' }, /^categories/],
    [LINE, /is that of line 1/],
  ];
  const { listings, faults } = read(LINE, ...wrong.map(([line]) => line));
  assert.equal(listings.length, 1);
  assert.deepEqual(
    faults.map(({ line }) => line),
    wrong.map((_, i) => i + 2),
  );
  for (const [i, [, reason]] of wrong.entries()) assert.match(faults[i]?.reason ?? '', reason);
});

test('scaled ends keep order and proportion between the first and the last', () => {
  const day = fc.integer({ min: 1, max: 28 }).map((each) => String(each).padStart(2, '0'));
  fc.assert(
    fc.property(fc.array(day, { minLength: 1, maxLength: 30 }), (days) => {
      const { listings } = read(
        ...days.map((each, id) => ({ ...LINE, id: `${id}`, ends: `Dec-${each}-01 00:00:00` })),
      );
      const ends = scaledEnds(listings, 1_000_000, 5_000, 90_000);
      const sorted = days.toSorted();
      for (const [i, end] of ends.entries()) {
        assert.ok(end >= 1_005_000 && end <= 1_090_000);
        if (days[i] === sorted[0]) assert.equal(end, 1_005_000);
        for (const [j, other] of ends.entries()) {
          assert.equal(Math.sign(end - other), Math.sign(Number(days[i]) - Number(days[j])));
        }
      }
    }),
    { numRuns: 100 },
  );
});
