/** Which images a listing has: order, limits, what two at once do, and what a crash leaves. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { IMAGES } from '../../src/config/limits.ts';
import type { ImageDesk } from '../../src/image/image-desk.ts';
import type { ImageReply } from '../../src/image/requests.ts';
import { IMAGE_SIZES } from '../../src/image/requests.ts';
import { deskFixture, hashOf, textPicture } from './fixture.ts';

const add = (desk: ImageDesk, auctionId: string, text: string): Promise<ImageReply> =>
  desk.handle({ kind: 'add', auctionId, upload: Buffer.from(text) });

async function hashesOf(desk: ImageDesk, auctionId: string): Promise<readonly string[]> {
  const reply = await desk.handle({ kind: 'list', auctionId });
  assert.ok('images' in reply);
  return reply.images.map(({ hash }) => hash);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.includes('-') && !name.includes('sqlite'),
  );

test('an image is named by its content, and read in every size', async (t) => {
  const { desk } = deskFixture(t);
  await add(desk, 'A', 'one');
  assert.deepEqual(await hashesOf(desk, 'A'), [hashOf('one')]);
  for (const size of IMAGE_SIZES) {
    const read = await desk.handle({ kind: 'read', hash: hashOf('one'), size });
    assert.ok('bytes' in read);
    assert.equal(Buffer.from(read.bytes).toString(), `one${size}`);
    if (size === 'full') {
      assert.equal(createHash('sha256').update(read.bytes).digest('hex'), hashOf('one'));
    }
  }
});

test('the same upload again changes nothing, also where the listing is full', async (t) => {
  const { desk } = deskFixture(t);
  for (let i = 0; i < IMAGES.perListingMax; i++) await add(desk, 'A', `image ${i}`);
  const before = await hashesOf(desk, 'A');
  assert.equal(before.length, IMAGES.perListingMax);
  const again = await add(desk, 'A', 'image 3');
  assert.ok('images' in again && again.added?.hash === hashOf('image 3'));
  assert.deepEqual(await hashesOf(desk, 'A'), before);
  assert.deepEqual(await add(desk, 'A', 'one more'), { fault: 'too many' });
});

test('of thirty at once as many are taken as there are places, and the others leave no file', async (t) => {
  const waiting: (() => void)[] = [];
  const { desk, folder } = deskFixture(t, async (upload) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return textPicture(upload);
  });
  const replies = Array.from({ length: 30 }, (_, i) => add(desk, 'A', `image ${i}`));
  for (const go of waiting.toReversed()) go();
  const faults = (await Promise.all(replies)).filter((reply) => 'fault' in reply);
  assert.deepEqual(
    faults,
    Array.from({ length: 30 - IMAGES.perListingMax }, () => ({ fault: 'too many' })),
  );
  assert.equal(new Set(await hashesOf(desk, 'A')).size, IMAGES.perListingMax);
  assert.equal(filesIn(folder).length, IMAGES.perListingMax * IMAGE_SIZES.length);
});

test('order takes all images, each once, and nothing else', async (t) => {
  const { desk } = deskFixture(t);
  for (const text of ['a', 'b', 'c']) await add(desk, 'A', text);
  const [a, b, c] = [hashOf('a'), hashOf('b'), hashOf('c')];
  const order = (hashes: readonly string[]): Promise<ImageReply> =>
    desk.handle({ kind: 'order', auctionId: 'A', hashes });
  for (const wrong of [[], [a, b], [a, b, b], [a, b, hashOf('d')], [a, b, c, c]]) {
    assert.deepEqual(await order(wrong), { fault: 'not the same' });
  }
  await order([c, a, b]);
  assert.deepEqual(await hashesOf(desk, 'A'), [c, a, b]);
});

test('a listing without images gets those of another one, and keeps its own', async (t) => {
  const { desk, folder } = deskFixture(t);
  for (const text of ['a', 'b']) await add(desk, 'A', text);
  const copy = (from: string, auctionId: string): Promise<ImageReply> =>
    desk.handle({ kind: 'copy', from, auctionId });
  const files = filesIn(folder).length;
  await copy('A', 'B');
  await copy('A', 'B');
  assert.deepEqual(await hashesOf(desk, 'B'), [hashOf('a'), hashOf('b')]);
  assert.equal(filesIn(folder).length, files, 'the files are shared');
  await add(desk, 'C', 'c');
  await copy('A', 'C');
  assert.deepEqual(await hashesOf(desk, 'C'), [hashOf('c')]);
  await copy('nothing', 'D');
  assert.deepEqual(await hashesOf(desk, 'D'), []);
  await desk.handle({ kind: 'remove', auctionId: 'A', hash: hashOf('a') });
  assert.ok('bytes' in (await desk.handle({ kind: 'read', hash: hashOf('a'), size: 'full' })));
});

test('an image goes with the last listing that has it', async (t) => {
  const { desk, folder } = deskFixture(t);
  const hash = hashOf('shared');
  await add(desk, 'A', 'shared');
  await add(desk, 'B', 'shared');
  const remove = (auctionId: string): Promise<ImageReply> =>
    desk.handle({ kind: 'remove', auctionId, hash });
  await remove('A');
  assert.deepEqual(await remove('A'), { fault: 'unknown' });
  assert.ok('bytes' in (await desk.handle({ kind: 'read', hash, size: 'full' })));
  await remove('B');
  assert.deepEqual(await desk.handle({ kind: 'read', hash, size: 'full' }), { fault: 'unknown' });
  assert.deepEqual(filesIn(folder), []);
});

test('what an interrupted upload left is seen by nobody, and swept', async (t) => {
  const { desk, folder, store } = deskFixture(t);
  await add(desk, 'A', 'kept');
  const orphan = await textPicture(Buffer.from('orphan'));
  assert.ok('files' in orphan);
  store.put(hashOf('orphan'), orphan.files);
  const half = join(folder, hashOf('kept').slice(0, 2), `${hashOf('half')}-small.webp`);
  writeFileSync(half, 'hal');
  writeFileSync(`${half}.new`, 'h');
  const read = await desk.handle({ kind: 'read', hash: hashOf('orphan'), size: 'small' });
  assert.deepEqual(read, { fault: 'unknown' });
  const swept = [...desk.sweep()].reduce((sum, files) => sum + files, 0);
  assert.equal(swept, IMAGE_SIZES.length + 2);
  assert.equal(filesIn(folder).length, IMAGE_SIZES.length);
});

test('with too little room on the disk no upload is taken', async (t) => {
  const { desk, store } = deskFixture(t);
  t.mock.method(store, 'freeBytes', () => IMAGES.freeBytesMin - 1);
  assert.deepEqual(await add(desk, 'A', 'one'), { fault: 'full' });
});
