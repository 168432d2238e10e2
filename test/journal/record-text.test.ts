/**
 * Goal: what a seller says of a thing is in the log as it was said, and logs that were written before
 * it could be said are read. Method: any text there and back; records of the first version by hand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AuctionId } from '../../src/auction/ids.ts';
import type { Cents } from '../../src/auction/money.ts';
import type { ListingText } from '../../src/auction/terms.ts';
import { readText, writeText } from '../../src/journal/record-terms.ts';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { CONDITIONS } from '../../src/protocol/common.ts';
import { UNSAID_TEXT } from '../unsaid.ts';

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
const anyText: fc.Arbitrary<ListingText> = fc.record(
  {
    title: words,
    description: words,
    category: fc.array(words, { maxLength: 4 }),
    condition: fc.option(fc.constantFrom(...CONDITIONS)),
    location: fc.option(words),
    country: fc.option(fc.constantFrom('DE', 'US', 'FR')),
    shipping: fc.option(words),
    shippingCents: fc.option(fc.nat().map((amount) => amount as Cents)),
    additions: fc.array(fc.record({ atMs: fc.nat(), text: words }, { noNullPrototype: true }), {
      maxLength: 3,
    }),
    relistOf: fc.option(fc.constant('auction000000000000001' as AuctionId)),
  },
  { noNullPrototype: true },
);

function bytesOf(text: ListingText): Uint8Array {
  const writer = new MsgpackWriter();
  writeText(writer, text);
  return writer.copy();
}

function textOf(bytes: Uint8Array): ListingText {
  return readText(new MsgpackReader().open(bytes, 0, bytes.length));
}

/** As the first version wrote it. */
function firstVersion({ title, description, category }: ListingText): Uint8Array {
  const writer = new MsgpackWriter();
  writer.array(3);
  writer.str(title);
  writer.str(description);
  writer.array(category.length);
  for (const name of category) writer.str(name);
  return writer.copy();
}

test('whatever is said comes back as it was said', () => {
  fc.assert(fc.property(anyText, (text) => assert.deepEqual(textOf(bytesOf(text)), text)));
});

test('a text of the first version says nothing of the thing, and is written as it ever was', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const silent = { ...text, ...UNSAID_TEXT };
      assert.deepEqual(textOf(firstVersion(text)), silent);
      assert.deepEqual(bytesOf(silent), firstVersion(text));
    }),
  );
});
