/** The processes that decode: one that hangs or crashes takes only its own upload with it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IMAGES } from '../../src/config/limits.ts';
import { ImageDecoders } from '../../src/node/image-decoders.ts';
import { imageFile } from '../image/fixture.ts';

const entry = fileURLToPath(new URL('./hostile-decoder.ts', import.meta.url));
const says = (reason: string): object => ({ fault: 'unreadable', reason });

function hostile(t: TestContext): { decoders: ImageDecoders; deaths: string[] } {
  const deaths: string[] = [];
  const onDeath = (reason: string): void => void deaths.push(reason);
  const decoders = new ImageDecoders({ onDeath, entry, decodeMsMax: 3_000 });
  t.after(() => decoders.stop());
  return { decoders, deaths };
}

test('a real image goes through a real process', async (t) => {
  const decoders = new ImageDecoders({ onDeath: (reason) => t.diagnostic(reason) });
  t.after(() => decoders.stop());
  const made = await decoders.make(await imageFile('jpeg'));
  assert.ok('files' in made, JSON.stringify(made));
  assert.equal(Buffer.from(made.files.small).toString('latin1', 8, 12), 'WEBP');
  const wrong = await decoders.make(Buffer.from('<svg/>'));
  assert.deepEqual(wrong, says('is not JPEG, PNG, WebP, AVIF or GIF'));
});

test('a hang and a crash are refused, and those behind them are served', async (t) => {
  const { decoders, deaths } = hostile(t);
  const words = ['hang', 'one', 'crash', 'two', 'hang', 'three'];
  const answers = await Promise.all(words.map((word) => decoders.make(Buffer.from(word))));
  assert.deepEqual(answers, [
    says('takes too long to decode'),
    says('says one'),
    says('cannot be decoded'),
    says('says two'),
    says('takes too long to decode'),
    says('says three'),
  ]);
  assert.equal(deaths.length, 1, deaths.join());
});

test('more than may wait are refused at once', async (t) => {
  const { decoders } = hostile(t);
  const room = IMAGES.decodersMax + IMAGES.uploadsWaitingMax;
  const answers = await Promise.all(
    Array.from({ length: room + 5 }, () => decoders.make(Buffer.from('x'))),
  );
  const overloaded = answers.filter((made) => 'fault' in made && made.fault === 'overloaded');
  assert.equal(overloaded.length, 5);
});
