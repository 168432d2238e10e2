/** The routes of images over real sockets: what is asked, who may, and how much may come in. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { IMAGES } from '../../src/config/limits.ts';
import type { ImagePort } from '../../src/gateway/image-port.ts';
import type { RoleName } from '../../src/gateway/user.ts';
import type { ImageReply, ImageRequest } from '../../src/image/requests.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start, view } from './fixtures.ts';
import { refusedFrame } from './messages.ts';
import { until } from '../server/harness.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

const HASH = 'ab'.repeat(32);
const SELLING: readonly RoleName[] = ['seller'];
const LISTED = { hash: HASH, width: 40, height: 30 };
const PATH = `/v1/auctions/${AUCTION_A}/images`;
const addresses = Object.fromEntries(
  ['small', 'medium', 'large', 'full'].map((size) => [size, `/v1/images/${HASH}/${size}`]),
);
const SHOWN = { auctionId: AUCTION_A, images: [{ ...LISTED, ...addresses }] };

interface Given extends Fixture {
  /** What the images were asked. */
  readonly asked: ImageRequest[];
  /** What they answer, and the auction as its shard shows it; undefined: there is none. */
  reply: ImageReply | Promise<ImageReply>;
  auction: Partial<AuctionView> | undefined;
  ask(heading: string, options?: Options): Promise<Answer>;
}

interface Options {
  readonly sub?: string;
  readonly roles?: readonly RoleName[];
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly name: unknown;
}

async function given(t: TestContext): Promise<Given> {
  const asked: ImageRequest[] = [];
  const images: ImagePort = {
    ask: async (request) => {
      asked.push(request);
      return made.reply;
    },
  };
  const fixture = await start(t, { images });
  const made: Given = {
    ...fixture,
    asked,
    reply: { images: [LISTED], added: LISTED },
    auction: {},
    async ask(heading, { sub = 'sam', roles = SELLING, body, headers = {} } = {}) {
      const [method = '', path = ''] = heading.split(' ');
      const authorization = `Bearer ${await fixture.token(sub, roles)}`;
      const init: RequestInit = { method, headers: { authorization, ...headers } };
      if (body !== undefined) init.body = body;
      const response = await fetch(`http://127.0.0.1:${fixture.gateway.port}${path}`, init);
      const text = await response.text();
      const isJson = response.headers.get('content-type') === 'application/json';
      const name: unknown = isJson ? (JSON.parse(text) as { name?: unknown }).name : undefined;
      return { status: response.status, headers: response.headers, text, name };
    },
  };
  fixture.shards.onSubmit = ({ conn }) => {
    const { auction } = made;
    const text = { title: 'A lamp', description: '', category: [], ...UNSAID_SHOWN };
    const bytes =
      auction === undefined
        ? refusedFrame(1, 'AUCTION_UNKNOWN')
        : encode(AUCTION, {
            id: 1,
            auction: view(auction),
            text,
            leadingBidderId: null,
            winnerId: null,
            relistedAs: null,
          });
    deliver(fixture.gateway.deliveries, (to) => to.reply(conn, bytes));
  };
  return made;
}

function assertRefused(answer: Answer, name: keyof typeof REFUSALS): void {
  assert.equal(answer.name, name, answer.text);
  assert.equal(answer.status, REFUSALS[name].http);
}

test('an upload comes as a body of its own or in a form, of any type that it claims', async (t) => {
  const { ask, asked } = await given(t);
  const file = Buffer.from([0, 1, 2, 255, 13, 10]);
  const headers = { 'content-type': 'text/html' };
  const raw = await ask(`POST ${PATH}`, { body: file, headers });
  assert.equal(raw.status, 201, raw.text);
  assert.equal(raw.headers.get('location'), addresses['full']);
  assert.deepEqual(JSON.parse(raw.text), SHOWN);
  const form = new FormData();
  form.set('image', new Blob([file]), 'lamp.jpg');
  assert.equal((await ask(`POST ${PATH}`, { body: form })).status, 201);
  for (const request of asked) {
    assert.ok(request.kind === 'add' && request.auctionId === AUCTION_A);
    assert.deepEqual(Buffer.from(request.upload), file);
  }
  assert.equal(asked.length, 2);
});

test('up to 10 MB are taken, and not a byte more', async (t) => {
  const { ask, asked } = await given(t);
  const fits = await ask(`POST ${PATH}`, { body: Buffer.alloc(IMAGES.bytesMax) });
  assert.equal(fits.status, 201);
  assertRefused(
    await ask(`POST ${PATH}`, { body: Buffer.alloc(IMAGES.bytesMax + 1) }),
    'TOO_LARGE',
  );
  const far = Buffer.alloc(IMAGES.bytesMax + IMAGES.formBytesMax + 1);
  assertRefused(await ask(`POST ${PATH}`, { body: far }), 'TOO_LARGE');
  assert.equal(asked.length, 1);
});

test('only the seller, and only while it runs; with bids nothing goes or moves', async (t) => {
  const it = await given(t);
  const changes = [
    [`POST ${PATH}`, Buffer.from('image')],
    [`PUT ${PATH}`, JSON.stringify({ images: [HASH] })],
    [`DELETE ${PATH}/${HASH}`, undefined],
  ] as const;
  const tryAll = async (
    auction: Partial<AuctionView> | undefined,
    options: Options,
    expected: readonly (keyof typeof REFUSALS | null)[],
  ): Promise<void> => {
    it.auction = auction;
    for (const [i, [heading, body]] of changes.entries()) {
      const headers = { 'content-type': 'application/json' };
      const answer = await it.ask(
        heading,
        body === undefined ? options : { ...options, body, headers },
      );
      const name = expected[i] ?? null;
      if (name === null) assert.ok(answer.status < 300, `${heading} ${answer.text}`);
      else assertRefused(answer, name);
    }
  };
  const all = (name: keyof typeof REFUSALS): (keyof typeof REFUSALS)[] => [name, name, name];
  await tryAll({}, {}, [null, null, null]);
  await tryAll({ status: 'scheduled' }, {}, [null, null, null]);
  await tryAll({ bidCount: 1 }, {}, [null, 'CHANGE_TOO_LATE', 'CHANGE_TOO_LATE']);
  const asked = it.asked.length;
  await tryAll({}, { sub: 'eve' }, all('NOT_YOUR_AUCTION'));
  await tryAll({}, { roles: ['bidder'] }, all('ROLE_MISSING'));
  await tryAll(undefined, {}, all('AUCTION_UNKNOWN'));
  await tryAll({ status: 'cancelled' }, {}, all('AUCTION_CANCELLED'));
  await tryAll({ status: 'unsold' }, {}, all('AUCTION_ENDED'));
  for (const [heading, body] of changes) {
    const init: RequestInit = { method: heading.split(' ')[0] ?? '' };
    if (body !== undefined) init.body = body;
    init.headers = { 'content-type': 'application/json' };
    const response = await fetch(
      `http://127.0.0.1:${it.gateway.port}${heading.split(' ')[1]}`,
      init,
    );
    assert.equal(response.status, 401);
  }
  assert.equal(it.asked.length, asked, 'nothing of it came through');
});

test('each fault has its refusal', async (t) => {
  const it = await given(t);
  const faults = [
    [{ fault: 'unreadable', reason: 'is damaged' }, 'IMAGE_UNREADABLE'],
    [{ fault: 'too many' }, 'TOO_MANY_IMAGES'],
    [{ fault: 'unknown' }, 'IMAGE_UNKNOWN'],
    [{ fault: 'not the same' }, 'MALFORMED'],
    [{ fault: 'full' }, 'IMAGE_STORE_FULL'],
    [{ fault: 'overloaded' }, 'OVERLOADED'],
    [{ fault: 'failed' }, 'UNKNOWN_OUTCOME'],
  ] as const;
  for (const [reply, name] of faults) {
    it.reply = reply;
    assertRefused(await it.ask(`POST ${PATH}`, { body: 'image' }), name);
  }
  assertRefused(await it.ask(`GET /v1/images/${HASH}/huge`), 'IMAGE_UNKNOWN');
  assertRefused(await it.ask(`GET /v1/images/${HASH.slice(1)}/small`), 'IMAGE_UNKNOWN');
  assertRefused(await it.ask(`DELETE ${PATH}/short`), 'IMAGE_UNKNOWN');
  const headers = { 'content-type': 'application/json' };
  for (const body of ['{}', '{"images":"x"}', '{"images":["x"]}', '{"images":[],"more":1}']) {
    assertRefused(await it.ask(`PUT ${PATH}`, { body, headers }), 'MALFORMED');
  }
});

test('an image is for everybody, for good, and not sent to whoever has it', async (t) => {
  const it = await given(t);
  it.reply = { bytes: Buffer.from('RIFF and so on') };
  const url = `http://127.0.0.1:${it.gateway.port}/v1/images/${HASH}/large`;
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'RIFF and so on');
  assert.equal(response.headers.get('content-type'), 'image/webp');
  assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  const etag = response.headers.get('etag') ?? '';
  for (const ifNoneMatch of [etag, `"other", W/${etag}`, '*']) {
    const again = await fetch(url, { headers: { 'if-none-match': ifNoneMatch } });
    assert.deepEqual([again.status, await again.text()], [304, ''], ifNoneMatch);
    assert.equal(again.headers.get('etag'), etag);
    assert.equal(again.headers.get('content-length'), null);
  }
  const other = await fetch(url, { headers: { 'if-none-match': etag.replace('large', 'small') } });
  assert.equal(other.status, 200);
});

test('the list is for readers, and a server may keep no images', async (t) => {
  const it = await given(t);
  const listed = await it.ask(`GET ${PATH}`, { sub: 'ann', roles: ['bidder'] });
  assert.deepEqual(JSON.parse(listed.text), SHOWN);
  it.auction = undefined;
  assertRefused(await it.ask(`GET ${PATH}`), 'AUCTION_UNKNOWN');
  const without = await start(t);
  const response = await fetch(`http://127.0.0.1:${without.gateway.port}/v1/images/${HASH}/full`);
  assert.equal(response.status, 404);
});

test('one user has six uploads under way at most, and all together 128 MB', async (t) => {
  const it = await given(t);
  const { promise, resolve } = Promise.withResolvers<ImageReply>();
  it.reply = promise;
  const first = Array.from({ length: IMAGES.uploadsOfUserMax }, () =>
    it.ask(`POST ${PATH}`, { body: 'image' }),
  );
  while (it.asked.length < IMAGES.uploadsOfUserMax) await new Promise(setImmediate);
  assertRefused(await it.ask(`POST ${PATH}`, { body: 'one more' }), 'TOO_MANY_REQUESTS');
  resolve({ images: [LISTED], added: LISTED });
  for (const { status } of await Promise.all(first)) assert.equal(status, 201);
  assert.equal((await it.ask(`POST ${PATH}`, { body: 'image' })).status, 201);

  // Announced, and never sent: each holds its place until it is gone.
  const authorization = `Bearer ${await it.token('sam', ['seller'])}`;
  const room = Math.floor(IMAGES.uploadBytesMax / IMAGES.bytesMax);
  const heads = Array.from({ length: room + 1 }, () => {
    const socket = connect(it.gateway.port, '127.0.0.1');
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n` +
        `Content-Length: ${IMAGES.bytesMax}\r\n\r\nx`,
    );
    return socket;
  });
  const said = await Promise.race(
    heads.map((socket) => new Promise<Buffer>((resolve) => socket.once('data', resolve))),
  );
  assert.match(said.toString(), /^HTTP\/1.1 503 [^]*"OVERLOADED"/);
  for (const socket of heads) socket.destroy();
  await until('there is room again', async () => {
    const { status } = await it.ask(`POST ${PATH}`, { body: Buffer.alloc(IMAGES.bytesMax) });
    return status === 201 ? true : undefined;
  });
});
