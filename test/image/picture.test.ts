/** What becomes of an upload: four sizes without metadata, or a clear no. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { imageKind } from '../../src/image/image-kind.ts';
import { makePicture, Unreadable } from '../../src/image/picture.ts';
import { FORMATS, imageFile } from './fixture.ts';

test('each kind is known by its content, and becomes four sizes in WebP', async () => {
  for (const format of FORMATS) {
    const file = await imageFile(format, 600, 400);
    assert.equal(imageKind(file), format);
    const { width, height, files } = await makePicture(file);
    assert.deepEqual([width, height], [600, 400], format);
    for (const [size, side] of Object.entries({
      small: 160,
      medium: 480,
      large: 600,
      full: 600,
    })) {
      const made = await sharp(files[size as 'small']).metadata();
      assert.deepEqual([made.format, made.width], ['webp', side], `${format} ${size}`);
    }
  }
});

test('the same file always gives the same bytes', async () => {
  const file = await imageFile('jpeg');
  assert.deepEqual(await makePicture(file), await makePicture(file));
});

test('place, camera and comments are gone, and the image stands upright', async () => {
  const file = await sharp(await imageFile('jpeg', 300, 200))
    .withExif({
      IFD0: { Copyright: 'SECRET-NAME', Orientation: '6' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const before = await sharp(file).metadata();
  assert.ok(before.exif !== undefined && before.orientation === 6);
  const { width, height, files } = await makePicture(file);
  assert.deepEqual([width, height], [200, 300]);
  for (const made of Object.values(files)) {
    const { exif, icc, xmp, iptc, orientation } = await sharp(made).metadata();
    assert.deepEqual([exif, icc, xmp, iptc, orientation], Array(5).fill(undefined));
    assert.ok(!Buffer.from(made).includes('SECRET-NAME'));
  }
});

test('other kinds are refused, whatever the file is called', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>';
  const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
  const others = [svg, '<!doctype html><script>', 'GIF', '', '%PDF-1.7', heic];
  for (const other of [...others, await imageFile('tiff')]) {
    await assert.rejects(makePicture(Buffer.from(other)), /is not JPEG, PNG, WebP, AVIF or GIF/);
  }
});

test('a file that is cut short is refused, wherever it is cut', async () => {
  for (const format of FORMATS) {
    const file = await imageFile(format);
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      const cut = file.subarray(0, Math.floor(file.length * share));
      await assert.rejects(makePicture(cut), Unreadable, `${format} to ${share}`);
    }
  }
});

test('a bomb is refused by its pixels, before they are decoded', async () => {
  const bomb = await sharp({
    create: { width: 16_000, height: 16_000, channels: 3, background: '#fff' },
    limitInputPixels: false,
  })
    .png()
    .toBuffer();
  assert.ok(bomb.length < 1_000_000, `${bomb.length} bytes`);
  const startedMs = performance.now();
  await assert.rejects(makePicture(bomb), /has more than 50 million pixels/);
  assert.ok(performance.now() - startedMs < 1000);
});

test('bytes behind the head of any kind are a picture, or are refused: nothing else', async () => {
  const heads = await Promise.all(FORMATS.map((format) => imageFile(format, 16, 16)));
  const damaged = fc.tuple(
    fc.constantFrom(...heads),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(damaged, async ([file, changes]) => {
      const bytes = Buffer.from(file);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      try {
        const { width, height } = await makePicture(bytes);
        assert.ok(width > 0 && width <= 2048 && height > 0 && height <= 2048);
      } catch (error) {
        assert.ok(error instanceof Unreadable, String(error));
      }
    }),
    { numRuns: 200 },
  );
});
