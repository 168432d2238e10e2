/** `gavel verify` on images: whole ones pass, and each kind of damage is found and named. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { checkImages } from '../../src/image/check-images.ts';
import type { ImageCheck } from '../../src/image/check-images.ts';
import { imagePath } from '../../src/image/folder-store.ts';
import { makePicture } from '../../src/image/picture.ts';
import { IMAGE_SIZES } from '../../src/image/requests.ts';
import { deskFixture, imageFile } from './fixture.ts';

interface Kept {
  readonly indexFile: string;
  readonly hash: string;
  pathOf(size: (typeof IMAGE_SIZES)[number]): string;
  check(): ImageCheck | null;
}

async function oneImage(t: TestContext): Promise<Kept> {
  const { desk, folder } = deskFixture(t, makePicture);
  const upload = await imageFile('png', 60, 40);
  const reply = await desk.handle({ kind: 'add', auctionId: 'A', upload });
  assert.ok('images' in reply);
  const { hash } = reply.images[0] as { readonly hash: string };
  const indexFile = join(folder, 'index.sqlite');
  return {
    indexFile,
    hash,
    pathOf: (size) => imagePath(folder, hash, size),
    check: () => checkImages(folder, indexFile),
  };
}

test('a whole image passes, and a folder without any has nothing to check', async (t) => {
  const { check, indexFile } = await oneImage(t);
  assert.deepEqual(check(), { images: 1, badFiles: 0, finding: null });
  assert.equal(checkImages('nowhere', `${indexFile}-of-another`), null);
});

test('a file that is missing, cut or replaced is found in every size', async (t) => {
  const { check, pathOf } = await oneImage(t);
  for (const size of IMAGE_SIZES) {
    const path = pathOf(size);
    const bytes = readFileSync(path);
    const isFound = (what: RegExp): void => {
      const { badFiles, finding } = check() as ImageCheck;
      assert.equal(badFiles, 1);
      assert.ok(finding?.startsWith(path), `${finding}`);
      assert.match(finding ?? '', what);
      writeFileSync(path, bytes);
      assert.equal(check()?.finding, null);
    };
    renameSync(path, `${path}.away`);
    isFound(/is missing/);
    for (const length of [0, 3, 11, bytes.length - 1]) {
      truncateSync(path, length);
      isFound(/not a whole image/);
    }
    writeFileSync(path, 'something else');
    isFound(/not a whole image/);
  }
});

test('each flipped byte of the full size is found', async (t) => {
  const { check, pathOf } = await oneImage(t);
  const path = pathOf('full');
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += 7) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    writeFileSync(path, damaged);
    assert.equal(check()?.badFiles, 1, `byte ${at}`);
  }
});

test('a table that cannot be read is found', async (t) => {
  const { check, indexFile } = await oneImage(t);
  const bytes = readFileSync(indexFile);
  rmSync(`${indexFile}-wal`, { force: true });
  writeFileSync(indexFile, bytes.fill(0xa5, 0, 100));
  assert.match(check()?.finding ?? '', /index\.sqlite: /);
});
