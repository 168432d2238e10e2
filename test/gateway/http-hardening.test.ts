/** Requests in shapes that no well-behaved client sends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { http } from './http.ts';
import type { RawResponse } from './raw-socket.ts';
import { RawConnection, rawRequest } from './raw-socket.ts';

function assertRefused(
  response: RawResponse | undefined,
  status: number,
  name?: RefusalName,
): void {
  assert.equal(response?.status, status, response?.body);
  if (name !== undefined) assert.equal((JSON.parse(response.body) as { name: string }).name, name);
}

const HOST = 'host: auctions.test\r\n';
const JSON_POST = `POST /v1/auctions HTTP/1.1\r\n${HOST}content-type: application/json\r\n`;

test('requests that two parsers could read in two ways are refused and the connection closed', async (t) => {
  const { gateway, shards } = await start(t);
  const smuggled = 'GET /v1/auctions/AuctionAAAAAAAAAAAAAAA HTTP/1.1\r\nhost: x\r\n\r\n';
  const shapes: [name: string, request: string][] = [
    ['two lengths', `${JSON_POST}content-length: 2\r\ncontent-length: 60\r\n\r\n{}${smuggled}`],
    ['two equal lengths', `${JSON_POST}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    [
      'length and chunks',
      `${JSON_POST}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['unknown encoding', `${JSON_POST}transfer-encoding: gzip\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two encodings', `${JSON_POST}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    [
      'encoding twice',
      `${JSON_POST}transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n`,
    ],
    ['signed length', `${JSON_POST}content-length: +2\r\n\r\n{}`],
    ['negative length', `${JSON_POST}content-length: -2\r\n\r\n{}`],
    ['two hosts', `GET /v1/time HTTP/1.1\r\n${HOST}host: other\r\n\r\n`],
    ['empty host', 'GET /v1/time HTTP/1.1\r\nhost:\r\naccept: x\r\n\r\n'],
    ['expect', `${JSON_POST}expect: 200-maybe\r\ncontent-length: 2\r\n\r\n`],
    ['body on GET', `GET /v1/time HTTP/1.1\r\n${HOST}content-length: 5\r\n\r\nhello`],
    ['no host', 'GET /v1/time HTTP/1.1\r\naccept: x\r\n\r\n'],
  ];
  for (const [name, request] of shapes) {
    const connection = new RawConnection(gateway.port);
    const response = await connection.write(request).response();
    assert.equal(response?.status ?? 400, 400, `${name}: ${response?.body}`);
    await connection.closed();
    assert.ok(!connection.received.includes('HTTP/1.'), `${name}: a second answer`);
  }
  assert.equal(shards.submitted.length, 0);
});

test('too many headers, too long addresses, old versions', async (t) => {
  const { gateway } = await start(t);
  const headers = (count: number): string =>
    Array.from({ length: count }, (_, i) => `x-${i}: 1\r\n`).join('');
  const get = (path: string, more = ''): Promise<RawResponse | undefined> =>
    rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\n${HOST}${more}\r\n`);
  assertRefused(await get('/v1/time', headers(90)), 200);
  assert.ok([400, 431].includes((await get('/v1/time', headers(150)))?.status ?? 0));
  assertRefused(await get(`/v1/${'a'.repeat(2100)}`), 414, 'TOO_LARGE');
  assertRefused(await get(`/v1/time?${'a'.repeat(2100)}`), 414, 'TOO_LARGE');
  const old = await rawRequest(gateway.port, `GET /v1/time HTTP/1.0\r\n${HOST}\r\n`);
  assert.equal(old?.status, 505);
  const bareLf = await rawRequest(gateway.port, 'GET /v1/time HTTP/1.1\nhost: x\n\n');
  assert.notEqual(bareLf?.status, 200);
});

test('addresses and methods that there are not', async (t) => {
  const { gateway } = await start(t);
  const get = async (method: string, path: string): Promise<RawResponse | undefined> =>
    rawRequest(gateway.port, `${method} ${path} HTTP/1.1\r\n${HOST}\r\n`);
  for (const path of ['/', '/v1', '/v1/', '/v1/auctions/', '/v1//bids', '/v1/auctions/x/y/z']) {
    assertRefused(await get('GET', path), 404, 'NOT_FOUND');
  }
  assertRefused(await get('GET', '/v1/auctions/%41uctionAAAAAAAAAAAAAA'), 404, 'AUCTION_UNKNOWN');
  assertRefused(await get('GET', '/v1/auctions/../../etc/passwd'), 404, 'NOT_FOUND');
  const wrong = await get('DELETE', `/v1/auctions/${AUCTION_A}`);
  assertRefused(wrong, 405, 'METHOD_NOT_ALLOWED');
  assert.equal(wrong?.headers.get('allow'), 'GET, PUT');
  assertRefused(await get('BREW', '/v1/time'), 405, 'METHOD_NOT_ALLOWED');
});

test('bodies: too large, announced or not, of the wrong type, not UTF-8, in chunks', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const token = await fixture.token('sam', ['seller']);
  const head = `${JSON_POST}authorization: Bearer ${token}\r\n`;
  const announced = await rawRequest(port, `${head}content-length: 65537\r\n\r\n`);
  assertRefused(announced, 413, 'TOO_LARGE');
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const chunked = await rawRequest(
    port,
    `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(5)}`,
  );
  assertRefused(chunked, 413, 'TOO_LARGE');
  const pieces = '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n';
  const small = await rawRequest(port, `${head}transfer-encoding: chunked\r\n\r\n${pieces}`);
  assertRefused(small, 400, 'MALFORMED');
  assert.match(small?.body ?? '', /"field":"title"/);
  const bytes = new RawConnection(port);
  bytes.write(`${head}content-length: 3\r\n\r\n`).write(Buffer.from([0x22, 0xff, 0x22]));
  const notUtf8 = await bytes.response();
  assertRefused(notUtf8, 400, 'MALFORMED');
  assert.match(notUtf8?.body ?? '', /UTF-8/);
  bytes.close();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json5']) {
    const headers = { 'content-type': type };
    const answer = await http(port, 'POST', '/v1/auctions', { token, body: '{}', headers });
    assert.deepEqual([answer.status, answer.body['name']], [415, 'UNSUPPORTED_MEDIA_TYPE']);
  }
  const deep = `{"title":${'['.repeat(2000)}${']'.repeat(2000)}}`;
  const nested = await http(port, 'POST', '/v1/auctions', { token, body: deep });
  assert.deepEqual([nested.status, nested.body['name']], [400, 'MALFORMED']);
});

test('a body that does not come in time is given up', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('sam', ['seller']);
  const connection = new RawConnection(fixture.gateway.port);
  connection.write(`${JSON_POST}authorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n{`);
  // Another request, so that the first has surely been read.
  await http(fixture.gateway.port, 'GET', '/v1/time');
  fixture.clock.forward(10_001);
  assertRefused(await connection.response(), 408, 'MALFORMED');
  await connection.closed();
});

test('a client that goes away in the middle disturbs nobody', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('sam', ['seller']);
  const head = `${JSON_POST}authorization: Bearer ${token}\r\n`;
  const inBody = new RawConnection(fixture.gateway.port);
  inBody.write(`${head}content-length: 100\r\n\r\n{`);
  const waiting = new RawConnection(fixture.gateway.port);
  waiting.write(`GET /v1/auctions/${AUCTION_A} HTTP/1.1\r\n${HOST}\r\n`);
  const { conn } = await fixture.shards.next();
  inBody.close();
  waiting.close();
  await http(fixture.gateway.port, 'GET', '/v1/time');
  fixture.gateway.deliveries.begin();
  fixture.gateway.deliveries.reply(conn, new Uint8Array([0x92, 78, 1]));
  fixture.gateway.deliveries.end();
  assert.equal((await http(fixture.gateway.port, 'GET', '/v1/time')).status, 200);
});

test('errors of ours show a log entry and nothing else; every answer has the security headers', async (t) => {
  const fixture = await start(t);
  fixture.shards.ownerOf = () => {
    throw new Error('secret detail');
  };
  const answer = await http(fixture.gateway.port, 'GET', `/v1/auctions/${AUCTION_A}`);
  assert.deepEqual([answer.status, answer.body['name']], [500, 'INTERNAL']);
  assert.ok(!JSON.stringify(answer.body).includes('secret'));
  const logId = (answer.body['reason'] as string).split(' ').at(-1);
  const entry = fixture.logged.find(({ fields }) => (fields as { logId?: string }).logId === logId);
  assert.equal(entry?.level, 'error');
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('sockets that say nothing are limited in number', async (t) => {
  const { gateway } = await start(t, { limits: { httpSocketsMax: 3 } });
  const idle = Array.from({ length: 3 }, () => new RawConnection(gateway.port));
  t.after(() => idle.forEach((one) => one.close()));
  await Promise.all(
    idle.map((one) => new Promise<void>((resolve) => one.socket.once('connect', resolve))),
  );
  await idle[0]?.write(`GET /v1/time HTTP/1.1\r\n${HOST}\r\n`).response();
  const extra = new RawConnection(gateway.port);
  await extra.closed();
  idle[0]?.close();
  await idle[0]?.closed();
});
