/** Who may open a WebSocket, and in which protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_PROTOCOL, MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { Client } from './client.ts';
import { start } from './fixtures.ts';
import type { RawResponse } from './raw-socket.ts';
import { rawRequest, RawWebSocket } from './raw-socket.ts';

async function upgrade(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawResponse | undefined> {
  const socket = new RawWebSocket(port);
  const response = await socket.upgrade(headers);
  socket.close();
  return response;
}

function assertRefused(response: RawResponse | undefined, status: number, name: RefusalName): void {
  assert.equal(response?.status, status);
  assert.equal((JSON.parse(response.body) as { name: string }).name, name);
}

test('the first known sub-protocol is taken, MessagePack without one, unknown ones are refused', async (t) => {
  const { gateway } = await start(t);
  const cases = [
    [MSGPACK_PROTOCOL, MSGPACK_PROTOCOL],
    [JSON_PROTOCOL, JSON_PROTOCOL],
    [`gavel.v9.json, ${JSON_PROTOCOL}, ${MSGPACK_PROTOCOL}`, JSON_PROTOCOL],
  ] as const;
  for (const [asked, given] of cases) {
    const response = await upgrade(gateway.port, { 'sec-websocket-protocol': asked });
    assert.equal(response?.status, 101);
    assert.equal(response.headers.get('sec-websocket-protocol'), given);
  }
  const plain = await upgrade(gateway.port);
  assert.equal(plain?.status, 101);
  assert.equal(plain.headers.get('sec-websocket-protocol'), undefined);
  const unknown = await upgrade(gateway.port, { 'sec-websocket-protocol': 'gavel.v9.json' });
  assertRefused(unknown, 400, 'MALFORMED');
});

test('pages of the list may connect, or without one those of the own host, else ORIGIN_NOT_ALLOWED', async (t) => {
  const { gateway } = await start(t, { allowedOrigins: ['https://bids.example'] });
  const statusFor = async (origin: string): Promise<number | undefined> =>
    (await upgrade(gateway.port, { origin }))?.status;
  assert.equal(await statusFor('https://bids.example'), 101);
  for (const origin of [
    'https://evil.example',
    'https://bids.example.evil.example',
    'http://bids.example',
    'https://bids.example:8443',
    'http://auctions.test',
    'null',
  ]) {
    assertRefused(await upgrade(gateway.port, { origin }), 403, 'ORIGIN_NOT_ALLOWED');
  }
  const open = await start(t, { allowedOrigins: ['*'] });
  const response = await upgrade(open.gateway.port, { origin: 'https://evil.example' });
  assert.equal(response?.status, 101);
  const own = await start(t);
  const same = await upgrade(own.gateway.port, { origin: 'http://auctions.test' });
  assert.equal(same?.status, 101);
  const other = await upgrade(own.gateway.port, { origin: 'http://auctions.test:81' });
  assertRefused(other, 403, 'ORIGIN_NOT_ALLOWED');
});

test('an upgrade in a shape that two parsers could read in two ways is refused', async (t) => {
  const { gateway } = await start(t);
  const response = await upgrade(gateway.port, { 'content-length': '2', 'Content-length': '3' });
  assertRefused(response, 400, 'MALFORMED');
});

test('TOO_MANY_CONNECTIONS of one address, and in total', async (t) => {
  const { gateway } = await start(t, { limits: { connectionsPerAddressMax: 1 } });
  const first = await Client.connect(gateway.port);
  const refused = await upgrade(gateway.port);
  assertRefused(refused, 429, 'TOO_MANY_CONNECTIONS');
  assert.ok(Number(refused?.headers.get('retry-after')) >= 1);
  first.socket.close();
  await first.closed;
  assert.equal((await upgrade(gateway.port))?.status, 101);
  const small = await start(t, { limits: { connectionsMax: 1 } });
  await Client.connect(small.gateway.port);
  assertRefused(await upgrade(small.gateway.port), 429, 'TOO_MANY_CONNECTIONS');
});

test('upgrades of one address are limited by rate', async (t) => {
  const limits = { requestsPerSecondAndAddress: 1, burstSeconds: 2 };
  const { gateway, clock } = await start(t, { limits });
  assert.equal((await upgrade(gateway.port))?.status, 101);
  assert.equal((await upgrade(gateway.port))?.status, 101);
  assertRefused(await upgrade(gateway.port), 429, 'TOO_MANY_REQUESTS');
  clock.forward(1_000);
  assert.equal((await upgrade(gateway.port))?.status, 101);
});

test('behind a trusted proxy the last forwarded address counts; else it is not looked at', async (t) => {
  const limits = { connectionsPerAddressMax: 1 };
  const trusting = await start(t, { limits, trustProxy: true });
  const open = async (port: number, forwarded: string): Promise<number | undefined> => {
    const socket = new RawWebSocket(port);
    t.after(() => socket.close());
    return (await socket.upgrade({ 'x-forwarded-for': forwarded }))?.status;
  };
  assert.equal(await open(trusting.gateway.port, '9.9.9.9, 10.0.0.1'), 101);
  assert.equal(await open(trusting.gateway.port, '8.8.8.8, 10.0.0.1'), 429);
  assert.equal(await open(trusting.gateway.port, '9.9.9.9, 10.0.0.2'), 101);
  const plain = await start(t, { limits });
  assert.equal(await open(plain.gateway.port, '10.0.0.1'), 101);
  assert.equal(await open(plain.gateway.port, '10.0.0.2'), 429);
});

test('before it is ready NOT_READY, while it stops SHUTTING_DOWN', async (t) => {
  const fixture = await start(t);
  fixture.gateway.setReady(false);
  assertRefused(await upgrade(fixture.gateway.port), 503, 'NOT_READY');
  fixture.gateway.setReady(true);
  const socket = new RawWebSocket(fixture.gateway.port);
  await new Promise<void>((resolve) => socket.socket.once('connect', resolve));
  socket.write('GET /v1/time HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal((await socket.response())?.status, 200);
  await fixture.gateway.drain(0);
  // On a connection that was there before, and on a new one.
  assertRefused(await socket.upgrade(), 503, 'SHUTTING_DOWN');
  socket.close();
  const late = await upgrade(fixture.gateway.port);
  assertRefused(late, 503, 'SHUTTING_DOWN');
  assert.equal(late?.headers.get('retry-after'), '2');
});

test('a plain request to the address of WebSockets is told to upgrade', async (t) => {
  const { gateway } = await start(t);
  const response = await rawRequest(gateway.port, 'GET /v1/ws HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal(response?.status, 426);
  assert.equal(response.headers.get('upgrade'), 'websocket');
});

test('two gateways cannot share a port', async (t) => {
  const { gateway } = await start(t);
  await assert.rejects(start(t, { port: gateway.port }), /Cannot listen/);
  const client = await Client.connect(gateway.port);
  client.send(PING, { id: 1, clientTimeMs: null });
  await client.next('pong');
});
