/**
 * Goal: the images that the main thread knows are those that the listings have. Method: random
 * questions and changes, with replies that come late, against a store without a memory between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IMAGES } from '../../src/config/limits.ts';
import { ImageLists } from '../../src/gateway/image-lists.ts';
import type { ImageReply, ImageRequest, ListedImage } from '../../src/image/requests.ts';

const imageOf = (number: number): ListedImage => ({ hash: `${number}`, width: 1, height: 1 });

/** Replies in the order of the questions, each a turn of the loop later. */
class Store {
  readonly images = new Map<string, readonly ListedImage[]>();
  asked = 0;
  isDown = false;

  async ask(request: ImageRequest): Promise<ImageReply> {
    this.asked += 1;
    const reply = this.#reply(request);
    await new Promise((resolve) => setImmediate(resolve));
    return reply;
  }

  #reply(request: ImageRequest): ImageReply {
    if (this.isDown) return { fault: 'failed' };
    if (request.kind === 'lists') {
      return { lists: request.auctionIds.map((id) => this.images.get(id) ?? []) };
    }
    if (request.kind !== 'order') return { fault: 'unknown' };
    this.images.set(
      request.auctionId,
      request.hashes.map((hash) => imageOf(Number(hash))),
    );
    return { images: this.images.get(request.auctionId) ?? [], added: null };
  }
}

test('whatever is asked and changed at once, what is known in the end is what there is', async () => {
  const step = fc.record({
    id: fc.nat(3),
    hashes: fc.option(fc.array(fc.nat(9), { maxLength: 3 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const store = new Store();
      const lists = new ImageLists(store);
      await Promise.all(
        steps.map(({ id, hashes }) =>
          hashes === null
            ? lists.of([`${id}`])
            : lists.ask({ kind: 'order', auctionId: `${id}`, hashes: hashes.map(String) }),
        ),
      );
      const ids = ['0', '1', '2', '3'];
      const known = await lists.of(ids);
      for (const id of ids) assert.deepEqual(known.get(id), store.images.get(id) ?? []);
    }),
  );
});

test('what is known is not asked for again, until a question about it fails', async () => {
  const store = new Store();
  const lists = new ImageLists(store);
  await lists.of(['a', 'b']);
  assert.equal((await lists.of(['b', 'a'])).size, 2);
  assert.equal(store.asked, 1);
  store.isDown = true;
  await lists.ask({ kind: 'order', auctionId: 'a', hashes: [] });
  const found = await lists.of(['a', 'b']);
  assert.deepEqual([...found.keys()], ['b'], 'not known at the moment');
  store.isDown = false;
  assert.equal((await lists.of(['a'])).size, 1);
});

test('the listings of which it is known are bounded, the oldest go first', async () => {
  const store = new Store();
  const lists = new ImageLists(store);
  for (let i = 0; i <= IMAGES.listsKeptMax; i += 1_000) {
    await lists.of(Array.from({ length: 1_000 }, (_, j) => `${i + j}`));
  }
  const before = store.asked;
  await lists.of([`${IMAGES.listsKeptMax}`]);
  assert.equal(store.asked, before);
  await lists.of(['0']);
  assert.equal(store.asked, before + 1);
});
