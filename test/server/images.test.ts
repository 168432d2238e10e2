/**
 * Images of the real program: a picture on a listing over restarts and kills, what a kill in the
 * middle of uploads leaves, and that bids go on beside.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { IMAGES } from '../../src/config/limits.ts';
import { IMAGE_SIZES } from '../../src/image/requests.ts';
import { FORMATS, imageFile } from '../image/fixture.ts';
import {
  gavel,
  randomFrom,
  seedOfRun,
  Server,
  temporaryFolder,
  UNLIMITED,
  until,
} from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list } from './wire-client.ts';

const limited = { timeout: 180_000 };
const KILLS = 4;

interface Answer {
  readonly status: number;
  readonly body: Fields;
}

async function upload(url: string, token: string, id: string, file: Uint8Array): Promise<Answer> {
  const form = new FormData();
  form.set('image', new Blob([Uint8Array.from(file)]), 'photo');
  const headers = { authorization: `Bearer ${token}` };
  const init = { method: 'POST', headers, body: form };
  const response = await fetch(`${url}/v1/auctions/${id}/images`, init);
  return { status: response.status, body: (await response.json()) as Fields };
}

interface Shown {
  readonly hash: string;
  readonly small: string;
  readonly full: string;
}

async function imagesOf(url: string, token: string, id: string): Promise<readonly Shown[]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/v1/auctions/${id}/images`, { headers });
  assert.equal(response.status, 200);
  return ((await response.json()) as { images: Shown[] }).images;
}

const filesOf = (data: string): string[] =>
  readdirSync(join(data, 'images'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /webp/.test(name),
  );

test(
  'a listing has its pictures after a restart, in order, and only its seller has a say',
  limited,
  async (t) => {
    const data = temporaryFolder();
    let server = await Server.start({ data, env: UNLIMITED });
    t.after(() => server.kill());
    let sam = await server.token('sam', ['seller']);
    const eve = await server.token('eve', ['seller']);
    const id = String((await list(server.url, sam, {}))['auctionId']);
    for (const format of FORMATS) {
      const { status, body } = await upload(server.url, sam, id, await imageFile(format));
      assert.equal(status, 201, JSON.stringify(body));
    }
    const file = await imageFile('jpeg');
    const stranger = await upload(server.url, eve, id, file);
    assert.equal(stranger.body['name'], 'NOT_YOUR_AUCTION');
    const cut = await upload(server.url, sam, id, file.subarray(0, file.length / 2));
    assert.equal(cut.body['name'], 'IMAGE_UNREADABLE');
    const before = await imagesOf(server.url, sam, id);
    assert.equal(before.length, FORMATS.length);

    const more = await Promise.all(
      Array.from({ length: IMAGES.uploadsOfUserMax }, async (_, i) =>
        upload(server.url, sam, id, await imageFile('png', 20 + i, 20)),
      ),
    );
    assert.ok(more.every(({ status }) => status === 201));
    const last = await Promise.all(
      [90, 91, 92].map(async (side) =>
        upload(server.url, sam, id, await imageFile('png', side, 9)),
      ),
    );
    assert.deepEqual(last.map(({ status }) => status).toSorted(), [201, 409, 409]);
    const full = await imagesOf(server.url, sam, id);
    assert.equal(full.length, IMAGES.perListingMax);

    assert.equal(await server.stop(), 0);
    server = await Server.start({ data, env: UNLIMITED });
    assert.deepEqual(await imagesOf(server.url, sam, id), full);
    // A copy taken while the server runs, put in place elsewhere, shows the same pictures.
    const copy = join(dirname(data), 'copy');
    const taken = await gavel('snapshot', copy, '--data', data);
    assert.equal(taken.code, 0, taken.err);
    const restored = join(dirname(data), 'restored');
    const put = await gavel('restore', copy, '--data', restored);
    assert.equal(put.code, 0, put.err);
    assert.equal(await server.stop(), 0);
    server = await Server.start({ data: restored, env: UNLIMITED });
    sam = await server.token('sam', ['seller']);
    assert.deepEqual(await imagesOf(server.url, sam, id), full);
    for (const image of full) {
      for (const address of [image.small, image.full]) {
        const response = await fetch(`${server.url}${address}`);
        assert.equal(response.status, 200);
        const bytes = Buffer.from(await response.arrayBuffer());
        assert.equal(bytes.toString('latin1', 8, 12), 'WEBP');
      }
    }
    const whole = await gavel('verify', '--data', restored);
    assert.equal(whole.code, 0, whole.err);
    assert.match(whole.out, new RegExp(`images: ${full.length}, all there`));
    rmSync(join(restored, 'images', filesOf(restored)[0] as string));
    const lacking = await gavel('verify', '--data', restored);
    assert.equal(lacking.code, 74);
    assert.match(lacking.err, /images: DAMAGED\. .*webp is missing/);
    assert.doesNotMatch(lacking.err, /Do not start/);
  },
);

test(
  'killed in the middle of uploads: what was answered is there, and nothing half',
  limited,
  async (t) => {
    const seed = seedOfRun();
    t.diagnostic(`GAVEL_TEST_SEED=${seed}`);
    const below = randomFrom(seed);
    const data = temporaryFolder();
    const told = new Map<string, string[]>();
    for (let round = 0; round < KILLS; round++) {
      const server = await Server.start({ data, env: UNLIMITED });
      const sam = await server.token('sam', ['seller']);
      const id = String((await list(server.url, sam, {}))['auctionId']);
      const hashes: string[] = [];
      told.set(id, hashes);
      const first = await upload(server.url, sam, id, await imageFile('jpeg', 40, 40 + round));
      assert.equal(first.status, 201);
      setTimeout(() => void server.child.kill('SIGKILL'), below(400));
      for (let i = 0; ; i++) {
        try {
          const { body } = await upload(
            server.url,
            sam,
            id,
            await imageFile('jpeg', 50 + i, 30 + round),
          );
          hashes.splice(0, Infinity, ...(body['images'] as Shown[]).map(({ hash }) => hash));
          if (hashes.length === IMAGES.perListingMax) break;
        } catch {
          // The server is gone: this one was told nothing.
          break;
        }
      }
      await server.kill();
    }
    // What a kill between two files leaves, at the worst moment.
    const folder = join(data, 'images', filesOf(data)[0]?.slice(0, 2) ?? '');
    writeFileSync(join(folder, `${'f'.repeat(64)}-small.webp`), 'half');
    writeFileSync(join(folder, `${'f'.repeat(64)}-full.webp.new`), 'ha');

    const server = await Server.start({ data, env: UNLIMITED });
    t.after(() => server.kill());
    const sam = await server.token('sam', ['seller']);
    await until('leftovers are removed', () =>
      server.log.includes('removed what unfinished uploads had left') ? true : undefined,
    );
    const known = new Set<string>();
    for (const [id, hashes] of told) {
      const images = await imagesOf(server.url, sam, id);
      const now = images.map(({ hash }) => hash);
      assert.deepEqual(now.slice(0, hashes.length), hashes, 'each that was answered, in its order');
      for (const { hash, small, full } of images) {
        known.add(hash);
        for (const address of [small, full]) {
          assert.equal((await fetch(`${server.url}${address}`)).status, 200);
        }
      }
    }
    assert.equal(filesOf(data).length, known.size * IMAGE_SIZES.length, 'and no file beside');
  },
);
