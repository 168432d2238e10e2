/**
 * The routes of accounts over real sockets, with accounts in memory: success, validation, not signed
 * in, unknown, conflict; that what ends, ends at once; and how often one may try.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Revocation } from '../../src/account/requests.ts';
import { revocationsAfter } from '../../src/account/revocations.ts';
import { ACCOUNTS } from '../../src/config/limits.ts';
import type { AccountPort } from '../../src/gateway/account-port.ts';
import { createKey, signToken } from '../../src/gateway/token.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { Accounts } from '../account/fixture.ts';
import { accounts } from '../account/fixture.ts';
import { Client } from './client.ts';
import type { Fixture } from './fixtures.ts';
import { AUDIENCE, ISSUER, start } from './fixtures.ts';
import type { HttpAnswer, HttpOptions } from './http.ts';
import { http } from './http.ts';

const ANN = { email: 'ann@example.com', password: 'correct horse' };
const SOME_ID = 'a'.repeat(22);

interface Given extends Fixture {
  readonly inside: Accounts;
  ask(heading: string, options?: HttpOptions): Promise<HttpAnswer>;
  admin(heading: string, body?: unknown): Promise<HttpAnswer>;
  /** Registered and signed in. */
  join(over?: Partial<typeof ANN>): Promise<Joined>;
}

interface Joined {
  readonly userId: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** The port without a thread: what was committed is told to the gateway before the answer. */
async function given(t: TestContext): Promise<Given> {
  const inside = accounts();
  // The gateway takes the port before it is there itself.
  const later: { fixture?: Fixture } = {};
  let seen = 0;
  const port: AccountPort = {
    async call(request) {
      const reply = await inside.desk.handle(request);
      for (const event of inside.events.slice(seen)) {
        const revocations: readonly Revocation[] = revocationsAfter(event, inside.state);
        for (const revocation of revocations) later.fixture?.gateway.revoke(revocation);
      }
      seen = inside.events.length;
      return reply;
    },
    async sign({ userId: sub, roles, version: ver, tier }, sid) {
      const nowMs = Date.now();
      const [issuer, audience, ttlMs] = [ISSUER, AUDIENCE, 900_000];
      const key = later.fixture?.key ?? (await createKey());
      const request = { sub, roles, ttlMs, issuer, audience, nowMs, account: { sid, ver, tier } };
      return { token: await signToken(key, request), expiresAtMs: nowMs + ttlMs };
    },
  };
  const started = await start(t, { accounts: port });
  later.fixture = started;
  const on = (portNumber: number, heading: string, options: HttpOptions): Promise<HttpAnswer> => {
    const [method = '', path = ''] = heading.split(' ');
    return http(portNumber, method, path, options);
  };
  const ask: Given['ask'] = (heading, options = {}) => on(started.gateway.port, heading, options);
  return {
    ...started,
    inside,
    ask,
    async admin(heading, body) {
      const token = await started.token('root', ['admin']);
      return on(started.gateway.internalPort, heading, { token, body });
    },
    async join(over = {}) {
      const body = { ...ANN, ...over };
      const made = await ask('POST /v1/accounts', { body: { ...body, displayName: 'Ann' } });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const signed = await ask('POST /v1/sessions', { body });
      assert.equal(signed.status, 201, JSON.stringify(signed.body));
      const { accessToken: token, refreshToken } = signed.body as Record<string, string>;
      return {
        userId: String(made.body['userId']),
        token: token ?? '',
        refreshToken: refreshToken ?? '',
      };
    },
  };
}

function assertRefused({ status, body }: HttpAnswer, name: keyof typeof REFUSALS): void {
  assert.equal(body['name'], name, JSON.stringify(body));
  assert.equal(status, REFUSALS[name].http);
}

const ROUTES: readonly (readonly [heading: string, signedIn: boolean, body?: object])[] = [
  ['POST /v1/accounts', false, { ...ANN, displayName: 'Ann' }],
  ['POST /v1/sessions', false, ANN],
  ['POST /v1/sessions/refresh', false, { refreshToken: `${SOME_ID}.${SOME_ID}` }],
  ['DELETE /v1/sessions/current', true],
  ['GET /v1/me', true],
  ['PATCH /v1/me', true, { displayName: 'Ann B.' }],
  ['PUT /v1/me/email', true, { email: 'new@example.com', password: ANN.password }],
  ['PUT /v1/me/password', true, { password: ANN.password, newPassword: 'staple battery' }],
  ['POST /v1/me/delete', true, { password: ANN.password }],
  ['POST /v1/password-resets', false, { email: ANN.email }],
  [`POST /v1/password-resets/${SOME_ID}`, false, { password: 'staple battery' }],
];

test('without own accounts every route says so, and nothing else', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('ann');
  for (const [heading, , body] of ROUTES) {
    const [method = '', path = ''] = heading.split(' ');
    const answer = await http(fixture.gateway.port, method, path, { token, body });
    assertRefused(answer, 'ACCOUNTS_ELSEWHERE');
  }
});

test('routes about oneself need a token; one of no account finds none', async (t) => {
  const { ask, token } = await given(t);
  const stranger = await token('somebody');
  for (const [heading, , body] of ROUTES.filter(([, signedIn]) => signedIn)) {
    assertRefused(await ask(heading, { body }), 'NOT_SIGNED_IN');
    assertRefused(await ask(heading, { body, token: stranger }), 'ACCOUNT_UNKNOWN');
  }
});

test('every field of every body is needed, checked, and no other is taken', async (t) => {
  const { ask, token } = await given(t);
  const stranger = await token('somebody');
  for (const [heading, , body] of ROUTES) {
    if (body === undefined) continue;
    const refusedField = async (sent: object): Promise<unknown> => {
      const answer = await ask(heading, { body: sent, token: stranger });
      assertRefused(answer, 'MALFORMED');
      return answer.body['field'];
    };
    assert.equal(await refusedField({ ...body, extra: 1 }), 'extra');
    for (const name of Object.keys(body)) {
      for (const bad of [undefined, null, 7, '', 'x'.repeat(300), { a: 1 }]) {
        assert.equal(
          await refusedField({ ...body, [name]: bad }),
          name,
          `${heading} ${name} ${bad}`,
        );
      }
    }
  }
});

test('passwords have 8 to 128 bytes, and addresses a form', async (t) => {
  const { ask } = await given(t);
  const register = (over: object): Promise<HttpAnswer> =>
    ask('POST /v1/accounts', { body: { ...ANN, displayName: 'Ann', ...over } });
  assertRefused(await register({ password: 'é'.repeat(65) }), 'MALFORMED');
  assertRefused(await register({ email: 'ann' }), 'MALFORMED');
  assertRefused(await register({ email: 'ann @example.com' }), 'MALFORMED');
  assertRefused(await register({ displayName: 'a\nb' }), 'MALFORMED');
  assert.equal((await register({ password: 'é'.repeat(64) })).status, 201);
});

test('registered, signed in, looked at, renamed; no answer holds a password', async (t) => {
  const { ask, join } = await given(t);
  const { userId, token } = await join();
  const me = await ask('GET /v1/me', { token });
  assert.equal(me.status, 200);
  assert.deepEqual([me.body['userId'], me.body['email']], [userId, ANN.email]);
  assert.deepEqual(Object.keys(me.body).toSorted(), [
    'createdAtMs',
    'displayName',
    'email',
    'roles',
    'status',
    'tier',
    'userId',
  ]);
  const renamed = await ask('PATCH /v1/me', { token, body: { displayName: ' Ann B. ' } });
  assert.deepEqual([renamed.status, renamed.body['displayName']], [200, 'Ann B.']);
});

test('conflicts and wrong passwords are told apart where the caller is known', async (t) => {
  const { ask, join } = await given(t);
  await join();
  const again = { ...ANN, email: 'ANN@example.com', displayName: 'Other' };
  assertRefused(await ask('POST /v1/accounts', { body: again }), 'EMAIL_TAKEN');
  const { token } = await join({ email: 'bob@example.com' });
  const email = (body: object): Promise<HttpAnswer> => ask('PUT /v1/me/email', { token, body });
  assertRefused(await email(ANN), 'EMAIL_TAKEN');
  assertRefused(await email({ ...ANN, password: 'not the one' }), 'PASSWORD_WRONG');
  assert.equal(
    (await email({ ...ANN, email: 'bob@example.org' })).body['email'],
    'bob@example.org',
  );
});

test('unknown users and wrong passwords get the same answer', async (t) => {
  const { ask, join } = await given(t);
  await join();
  const wrong = await ask('POST /v1/sessions', { body: { ...ANN, password: 'not the one' } });
  const unknown = await ask('POST /v1/sessions', { body: { ...ANN, email: 'no@example.com' } });
  assertRefused(wrong, 'SIGN_IN_FAILED');
  assert.deepEqual(unknown.body, wrong.body);
  const resets = ['no@example.com', ANN.email].map((email) =>
    ask('POST /v1/password-resets', { body: { email } }),
  );
  const [nobody, somebody] = await Promise.all(resets);
  assert.deepEqual([nobody?.status, nobody?.body], [202, {}]);
  assert.deepEqual([somebody?.status, somebody?.body], [202, {}]);
});

test('a refresh token goes round; an old one ends the session, with its access token and socket', async (t) => {
  const fixture = await given(t);
  const { ask, join } = fixture;
  const { token, refreshToken } = await join();
  const socket = await Client.signedIn(fixture, 'ann', { token });
  const refresh = (text: string): Promise<HttpAnswer> =>
    ask('POST /v1/sessions/refresh', { body: { refreshToken: text } });
  const next = await refresh(refreshToken);
  assert.equal(next.status, 200);
  assert.equal((await ask('GET /v1/me', { token })).status, 200);
  assertRefused(await refresh(refreshToken), 'SESSION_ENDED');
  assertRefused(await refresh(String(next.body['refreshToken'])), 'SESSION_ENDED');
  const newer = String(next.body['accessToken']);
  for (const ended of [token, newer]) {
    assertRefused(await ask('GET /v1/me', { token: ended }), 'TOKEN_INVALID');
  }
  assert.equal((await socket.closed).code, CLOSE_CODES.TOKEN_INVALID.code);
});

test('signing out closes the sockets of this session, and of no other', async (t) => {
  const fixture = await given(t);
  const { ask, join } = fixture;
  const { token } = await join();
  const other = String((await ask('POST /v1/sessions', { body: ANN })).body['accessToken']);
  const [mine, elsewhere] = [
    await Client.signedIn(fixture, 'ann', { token }),
    await Client.signedIn(fixture, 'ann', { token: other }),
  ];
  assert.equal((await ask('DELETE /v1/sessions/current', { token })).status, 200);
  assert.equal((await mine.closed).code, CLOSE_CODES.TOKEN_INVALID.code);
  assertRefused(await ask('GET /v1/me', { token }), 'TOKEN_INVALID');
  assert.equal((await ask('GET /v1/me', { token: other })).status, 200);
  assert.equal(elsewhere.socket.readyState, WebSocket.OPEN);
});

test('a new password ends the other sessions and gives this one a new token', async (t) => {
  const fixture = await given(t);
  const { ask, join } = fixture;
  const { token } = await join();
  const other = String((await ask('POST /v1/sessions', { body: ANN })).body['accessToken']);
  const [mine, elsewhere] = [
    await Client.signedIn(fixture, 'ann', { token }),
    await Client.signedIn(fixture, 'ann', { token: other }),
  ];
  const body = { password: ANN.password, newPassword: 'staple battery' };
  const changed = await ask('PUT /v1/me/password', { token, body });
  assert.equal(changed.status, 200);
  assertRefused(await ask('GET /v1/me', { token }), 'TOKEN_INVALID');
  assertRefused(await ask('GET /v1/me', { token: other }), 'TOKEN_INVALID');
  const renewed = String(changed.body['accessToken']);
  assert.equal((await ask('GET /v1/me', { token: renewed })).status, 200);
  await elsewhere.closed;
  assert.equal(mine.socket.readyState, WebSocket.OPEN);
});

test('a forgotten password: the letter, the reset, and the letter once more', async (t) => {
  const { ask, join, inside } = await given(t);
  const { token } = await join();
  await ask('POST /v1/password-resets', { body: { email: ANN.email } });
  const path = `POST /v1/password-resets/${inside.letters[0]?.token}`;
  const body = { password: 'staple battery' };
  assert.deepEqual((await ask(path, { body })).body, {});
  assertRefused(await ask(path, { body }), 'RESET_TOKEN_INVALID');
  assertRefused(await ask('POST /v1/password-resets/short', { body }), 'RESET_TOKEN_INVALID');
  assertRefused(await ask('GET /v1/me', { token }), 'TOKEN_INVALID');
  const signed = await ask('POST /v1/sessions', { body: { ...ANN, password: 'staple battery' } });
  assert.equal(signed.status, 201);
});

test('deleting takes the tokens, the sockets and the address; the id stays taken', async (t) => {
  const fixture = await given(t);
  const { ask, join } = fixture;
  const { userId, token } = await join();
  const socket = await Client.signedIn(fixture, 'ann', { token });
  const wrong = { password: 'not the one' };
  assertRefused(await ask('POST /v1/me/delete', { token, body: wrong }), 'PASSWORD_WRONG');
  const { password } = ANN;
  assert.deepEqual((await ask('POST /v1/me/delete', { token, body: { password } })).body, {});
  await socket.closed;
  assertRefused(await ask('GET /v1/me', { token }), 'TOKEN_INVALID');
  assertRefused(await ask('POST /v1/sessions', { body: ANN }), 'SIGN_IN_FAILED');
  assert.notEqual((await join()).userId, userId);
});

test('admins disable, enable and grant, on the internal listener only', async (t) => {
  const fixture = await given(t);
  const { ask, admin, join } = fixture;
  const { userId, token } = await join();
  const path = `/v1/accounts/${userId}`;
  const root = await fixture.token('root', ['admin']);
  assertRefused(await ask(`POST ${path}/disable`, { token: root }), 'NOT_FOUND');
  const socket = await Client.signedIn(fixture, 'ann', { token });
  assert.equal((await admin(`POST ${path}/disable`)).body['status'], 'disabled');
  await socket.closed;
  assertRefused(await ask('GET /v1/me', { token }), 'TOKEN_INVALID');
  assertRefused(await ask('POST /v1/sessions', { body: ANN }), 'ACCOUNT_DISABLED');
  assert.equal((await admin(`POST ${path}/enable`)).body['status'], 'active');
  const granted = { roles: ['bidder'], tier: 'gold' };
  assert.equal((await admin(`PUT ${path}/grants`, granted)).body['tier'], 'gold');
  for (const bad of [
    { roles: ['king'], tier: 'gold' },
    { roles: [], tier: '' },
  ]) {
    assertRefused(await admin(`PUT ${path}/grants`, bad), 'MALFORMED');
  }
  for (const id of [SOME_ID, 'short']) {
    assertRefused(await admin(`POST /v1/accounts/${id}/enable`), 'ACCOUNT_UNKNOWN');
  }
  const signed = await ask('POST /v1/sessions', { body: ANN });
  const [, claims = ''] = String(signed.body['accessToken']).split('.');
  const { tier, roles } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object & {
    tier: string;
    roles: string[];
  };
  assert.deepEqual({ tier, roles }, granted && { tier: 'gold', roles: ['bidder'] });
  assertRefused(
    await http(fixture.gateway.internalPort, 'POST', `${path}/disable`, { token }),
    'TOKEN_INVALID',
  );
});

test('attempts about one address are few, whether it is known or not', async (t) => {
  for (const email of [ANN.email, 'no@example.com']) {
    const { ask, inside } = await given(t);
    const body = { email, password: 'not the one' };
    for (let i = 0; i < ACCOUNTS.attemptsBurstAndAccount; i++) {
      assertRefused(await ask('POST /v1/sessions', { body }), 'SIGN_IN_FAILED');
    }
    const work = inside.hashed.length;
    const refused = await ask('POST /v1/sessions', { body });
    assertRefused(refused, 'TOO_MANY_REQUESTS');
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.equal(inside.hashed.length, work);
  }
});

test('attempts from one network address are few, whatever they are about', async (t) => {
  const { ask } = await given(t);
  const names: unknown[] = [];
  for (let i = 0; i <= ACCOUNTS.attemptsBurstAndAddress + 5; i++) {
    const body = { email: `user${i}@example.com`, password: 'not the one' };
    names.push((await ask('POST /v1/sessions', { body })).body['name']);
  }
  assert.ok(names.slice(0, ACCOUNTS.attemptsBurstAndAddress).every((n) => n === 'SIGN_IN_FAILED'));
  assert.ok(names.includes('TOO_MANY_REQUESTS'));
});
