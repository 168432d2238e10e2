/** Which tokens are good, and which are not. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { base64url, exportJWK, generateKeyPair, generateSecret, importJWK, SignJWT } from 'jose';
import { KeySet } from '../../src/gateway/key-set.ts';
import { JwtVerifier } from '../../src/gateway/token-verifier.ts';
import type { SigningKey } from '../../src/gateway/token.ts';
import { createKey, jwksOf, loadOrCreateKeyFile, signToken } from '../../src/gateway/token.ts';
import { ADMIN, BIDDER, SELLER } from '../../src/gateway/user.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { Client } from './client.ts';
import { AUCTION_A, AUDIENCE, ISSUER, start } from './fixtures.ts';
import { http } from './http.ts';
import { bidOf } from './messages.ts';

const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1000;
const RULES = { issuer: 'gavel', audience: 'gavel', clockToleranceMs: 5_000 };

async function verifierFor(key: SigningKey, nowMs = (): number => NOW_MS): Promise<JwtVerifier> {
  const keys = new KeySet();
  await keys.replace(jwksOf(key));
  return new JwtVerifier(keys, RULES, nowMs, 2);
}

const CLAIMS = {
  iss: 'gavel',
  aud: 'gavel',
  sub: 'ann',
  jti: 'token-1',
  iat: NOW_S,
  exp: NOW_S + 900,
  roles: ['bidder'],
};

async function sign(
  key: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: key.kid, ...header })
    .sign(await importJWK(key.privateJwk, 'EdDSA'));
}

test('a good token gives user, roles and end', async () => {
  const key = await createKey();
  const verifier = await verifierFor(key);
  const token = await signToken(key, {
    sub: 'ann',
    roles: ['bidder', 'seller', 'admin'],
    ttlMs: 900_000,
    ...RULES,
    nowMs: NOW_MS,
  });
  assert.equal(verifier.known(token), undefined);
  const identity = await verifier.verify(token);
  assert.deepEqual(identity, {
    userId: 'ann',
    roles: BIDDER | SELLER | ADMIN,
    expiresAtMs: NOW_MS + 900_000 + 5_000,
  });
  assert.deepEqual(verifier.known(token), identity);
  const unknownRole = await sign(key, { ...CLAIMS, roles: ['bidder', 'owner', 'toString'] });
  assert.equal(((await verifier.verify(unknownRole)) as { roles: number }).roles, BIDDER);
  const accessToken = await sign(key, CLAIMS, { typ: 'at+jwt' });
  assert.equal(typeof (await verifier.verify(accessToken)), 'object');
});

test('tokens are TOKEN_INVALID without any one of the claims, or with odd ones', async () => {
  const key = await createKey();
  const verifier = await verifierFor(key);
  for (const name of ['iss', 'aud', 'sub', 'jti', 'iat', 'exp'] as const) {
    const { [name]: _, ...rest } = CLAIMS;
    assert.equal(await verifier.verify(await sign(key, rest)), 'TOKEN_INVALID', `no ${name}`);
  }
  const odd: Record<string, unknown>[] = [
    { iss: 'other' },
    { aud: 'other' },
    { aud: ['other', 'another'] },
    { sub: '' },
    { sub: 'x'.repeat(65) },
    { sub: 'a\nb' },
    { jti: '' },
    { roles: 'bidder' },
    { roles: [1] },
    { iat: NOW_S + 60 },
    { exp: 1e18 },
  ];
  for (const over of odd) {
    const token = await sign(key, { ...CLAIMS, ...over });
    assert.equal(await verifier.verify(token), 'TOKEN_INVALID', JSON.stringify(over));
  }
});

test('an ended token is TOKEN_EXPIRED, with the tolerance, also when it was good before', async () => {
  const key = await createKey();
  let nowMs = NOW_MS;
  const verifier = await verifierFor(key, () => nowMs);
  const token = await sign(key, CLAIMS);
  nowMs = NOW_MS + 904_000;
  assert.equal(typeof (await verifier.verify(token)), 'object');
  nowMs = NOW_MS + 906_000;
  assert.equal(verifier.known(token), undefined);
  assert.equal(await verifier.verify(token), 'TOKEN_EXPIRED');
});

test('other algorithms, keys and types are TOKEN_INVALID', async () => {
  const key = await createKey();
  const other = await createKey();
  const verifier = await verifierFor(key);
  const secret = await generateSecret('HS256', { extractable: true });
  const rsa = await generateKeyPair('RS256');
  const ec = await generateKeyPair('ES256');
  const payload = base64url.encode(JSON.stringify(CLAIMS));
  const none = (alg: string): string =>
    `${base64url.encode(JSON.stringify({ alg, typ: 'JWT', kid: key.kid }))}.${payload}.`;
  const withPublicKeyAsSecret = new TextEncoder().encode(key.publicJwk['x'] as string);
  const header = { typ: 'JWT', kid: key.kid };
  const hmac = async (by: Parameters<SignJWT['sign']>[0]): Promise<string> =>
    new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', ...header }).sign(by);
  const good = await sign(key, CLAIMS);
  const ownKey = await exportJWK(await importJWK(other.publicJwk, 'EdDSA'));
  const tokens: Record<string, string> = {
    'alg none': none('none'),
    'alg None': none('None'),
    HS256: await hmac(secret),
    'HS256 with the public key': await hmac(Buffer.concat([withPublicKeyAsSecret], 32)),
    RS256: await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'RS256', ...header })
      .sign(rsa.privateKey),
    ES256: await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'ES256', ...header })
      .sign(ec.privateKey),
    'other key, same kid': await sign({ ...other, kid: key.kid }, CLAIMS),
    'unknown kid': await sign(other, CLAIMS),
    'no kid': await sign(key, CLAIMS, { kid: undefined }),
    'kid that is no text': await sign(key, CLAIMS, { kid: 7 }),
    'no typ': await sign(key, CLAIMS, { typ: undefined }),
    'other typ': await sign(key, CLAIMS, { typ: 'dpop+jwt' }),
    'brings its own key': await sign(other, CLAIMS, { jwk: ownKey }),
    'names where its key is': await sign(other, CLAIMS, { jku: 'https://evil.example/keys' }),
    'wants an unknown extension': await sign(key, CLAIMS).then((token) => {
      const head = { alg: 'EdDSA', typ: 'JWT', kid: key.kid, crit: ['x'], x: 1 };
      return [base64url.encode(JSON.stringify(head)), ...token.split('.').slice(1)].join('.');
    }),
    'signature cut': good.slice(0, -4),
    'payload changed': good.replace(/\.[^.]+\./, `.${payload.slice(0, -2)}xx.`),
    'too long': `${good}${'x'.repeat(3000)}`,
    empty: '',
    dots: '..',
    'not base64': '!!.!!.!!',
  };
  for (const [name, token] of Object.entries(tokens)) {
    assert.equal(await verifier.verify(token), 'TOKEN_INVALID', name);
  }
  assert.equal(typeof (await verifier.verify(good)), 'object');
});

test('a key that is taken out of the set ends its tokens at once', async () => {
  const [key, next] = [await createKey(), await createKey()];
  const keys = new KeySet();
  await keys.replace(jwksOf(key));
  const verifier = new JwtVerifier(keys, RULES, () => NOW_MS, 10);
  const token = await sign(key, CLAIMS);
  assert.equal(typeof (await verifier.verify(token)), 'object');
  await keys.replace(jwksOf(next));
  assert.equal(verifier.known(token), undefined);
  assert.equal(await verifier.verify(token), 'TOKEN_INVALID');
});

test('a key set takes Ed25519 keys with a kid and nothing else', async () => {
  const key = await createKey();
  const rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey);
  const keys = new KeySet();
  const { kid: _, ...anonymous } = key.publicJwk;
  const others = [{ ...rsa, kid: 'rsa' }, anonymous, { ...key.publicJwk, kid: 'enc', use: 'enc' }];
  await keys.replace({ keys: [...others, key.publicJwk] });
  assert.equal(keys.count, 1);
  assert.notEqual(keys.find(key.kid), undefined);
  assert.equal(keys.find(key.kid)?.type, 'public');
  await assert.rejects(keys.replace({ keys: others }), /no Ed25519 key/);
  await assert.rejects(keys.replace({}), /list of keys/);
  assert.equal(keys.count, 1, 'a bad set does not replace a good one');
});

test('a key set comes from a file or an address', async (t) => {
  const key = await createKey();
  const folder = await mkdtemp(join(tmpdir(), 'gavel-keys-'));
  const path = join(folder, 'jwks.json');
  await writeFile(path, JSON.stringify(jwksOf(key)));
  const fromFile = new KeySet();
  await fromFile.load(path);
  assert.equal(fromFile.count, 1);
  const server = createServer((request, response) => {
    if (request.url === '/jwks') response.end(JSON.stringify(jwksOf(key)));
    else response.writeHead(302, { location: '/jwks' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const fromAddress = new KeySet();
  await fromAddress.load(`http://127.0.0.1:${port}/jwks`);
  assert.equal(fromAddress.count, 1);
  await assert.rejects(new KeySet().load(`http://127.0.0.1:${port}/elsewhere`));
});

test('the key file is made once, for its owner only, and refuses what is not a key', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'gavel-keys-')), 'keys');
  const [first, second] = await Promise.all([
    loadOrCreateKeyFile(folder),
    loadOrCreateKeyFile(folder),
  ]);
  assert.equal(first.kid, second.kid);
  assert.deepEqual(await loadOrCreateKeyFile(folder), first);
  const path = join(folder, 'token-signing.jwk');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((JSON.parse(await readFile(path, 'utf8')) as { kid: string }).kid, first.kid);
  await chmod(path, 0o600);
  await writeFile(path, '{"kty":"RSA"}');
  await assert.rejects(loadOrCreateKeyFile(folder), /not a private Ed25519 key/);
  await writeFile(path, 'nonsense');
  await assert.rejects(loadOrCreateKeyFile(folder), /not JSON/);
});

test('REST: bad and ended tokens, other schemes, tokens in the address, and their rate', async (t) => {
  const limits = { signInsPerSecondAndAddress: 4, burstSeconds: 1 };
  const fixture = await start(t, { limits });
  const { port } = fixture.gateway;
  const get = async (authorization: string): Promise<[number, unknown, string | null]> => {
    const { status, body, headers } = await http(port, 'GET', '/v1/time', {
      headers: { authorization },
    });
    return [status, body['name'], headers.get('www-authenticate')];
  };
  const invalid = 'Bearer error="invalid_token"';
  assert.deepEqual(await get('Bearer x.y.z'), [401, 'TOKEN_INVALID', invalid]);
  assert.deepEqual(await get('Basic dTpw'), [401, 'TOKEN_INVALID', invalid]);
  const short = await fixture.token('ann', [], 1_000);
  const long = await fixture.token('ann', []);
  assert.equal((await get(`Bearer ${long}`))[0], 200);
  fixture.clock.forward(7_000);
  assert.deepEqual(await get(`Bearer ${short}`), [401, 'TOKEN_EXPIRED', invalid]);
  const inAddress = await http(port, 'GET', `/v1/time?token=${long}`);
  assert.deepEqual([inAddress.status, inAddress.body['name']], [400, 'MALFORMED']);
  const names: unknown[] = [];
  for (let i = 0; i < 5; i++) names.push((await get(`Bearer x.y.${i}`))[1]);
  assert.equal(names.at(-1), 'TOO_MANY_REQUESTS');
  assert.equal((await get(`Bearer ${long}`))[0], 200, 'a token that is known costs no attempt');
});

test('the tier of a token counts under overload, over both ways in; the newest token says it', async (t) => {
  const limits = { priorityTiers: ['gold'], targetAgeMs: 20 };
  const fixture = await start(t, { limits });
  const token = (tier?: string): Promise<string> =>
    signToken(fixture.key, {
      sub: 'ann',
      roles: ['bidder'],
      ttlMs: 900_000,
      issuer: ISSUER,
      audience: AUDIENCE,
      nowMs: Date.now(),
      ...(tier !== undefined && { tier }),
    });
  fixture.shards.waitUs = 30_000;
  const client = await Client.signedIn(fixture, 'ann', { token: await token('bronze') });
  client.send(PLACE_BID, bidOf(2));
  assert.equal((await client.next('refused'))['code'], 2000);
  client.send(HELLO, { id: 3, token: await token('gold'), client: null, feed: null, after: null });
  await client.next('welcome');
  client.send(PLACE_BID, bidOf(4));
  assert.equal((await fixture.shards.next()).user > 0, true, 'it joins the queue');

  const path = `/v1/auctions/${AUCTION_A}`;
  const { port } = fixture.gateway;
  const plain = await http(port, 'GET', path, { token: await token() });
  assert.deepEqual([plain.status, plain.body['name']], [503, 'OVERLOADED']);
  void http(port, 'GET', path, { token: await token('gold') }).catch(() => undefined);
  assert.equal((await fixture.shards.next()).shard >= 0, true);
  // What is no word counts as no tier; the token is good all the same.
  const odd = await sign(fixture.key, {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'ann',
    jti: 'odd',
    iat: Math.floor(Date.now() / 1000) - 1,
    exp: Math.floor(Date.now() / 1000) + 900,
    tier: ['gold'],
  });
  assert.equal((await http(port, 'GET', path, { token: odd })).status, 503);
});
