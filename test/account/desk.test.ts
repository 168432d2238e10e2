/** Accounts as people meet them, given a few that exist; the same after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDisplayName, readEmail, readPassword } from '../../src/account/fields.ts';
import { ACCOUNTS } from '../../src/config/limits.ts';
import {
  accounts,
  ANN,
  refusalOf,
  register,
  REFRESH_MS,
  RESET_MS,
  shape,
  signIn,
} from './fixture.ts';

test('registered, signed in, renamed; and all of it is there after a restart', async () => {
  const given = accounts();
  const userId = await register(given);
  const session = await signIn(given);
  await given.desk.handle({ kind: 'changeName', userId, displayName: 'Ann B.' });
  const reply = await given.desk.handle({ kind: 'profile', userId });
  assert.equal(reply.refusal, null);
  assert.deepEqual(reply.refusal === null && reply.profile, {
    userId,
    email: ANN.email,
    displayName: 'Ann B.',
    roles: ['bidder', 'seller'],
    tier: 'standard',
    status: 'active',
    createdAtMs: 1_800_000_000_000,
    version: 0,
  });
  const then = given.restarted();
  assert.deepEqual(shape(then.state), shape(given.state));
  const { refreshToken } = session;
  assert.equal(refusalOf(await then.desk.handle({ kind: 'refresh', refreshToken })), null);
});

test('an address counts once, however it is written', async () => {
  const given = accounts();
  await register(given);
  const again = { kind: 'register', ...ANN, email: 'ANN@EXAMPLE.COM' } as const;
  assert.equal(refusalOf(await given.desk.handle(again)), 'EMAIL_TAKEN');
  const userId = await register(given, { email: 'bob@example.com' });
  const change = { kind: 'changeEmail', userId, password: ANN.password } as const;
  const taken = await given.desk.handle({ ...change, email: 'ann@example.com' });
  assert.equal(refusalOf(taken), 'EMAIL_TAKEN');
});

test('an unknown address costs the same work as a wrong password, and gets the same answer', async () => {
  const given = accounts({ logN: 16, r: 8, p: 1 });
  await register(given);
  given.hashed.length = 0;
  const wrong = { kind: 'signIn', email: ANN.email, password: 'wrong password' } as const;
  const known = await given.desk.handle(wrong);
  const work = given.hashed.splice(0);
  const unknown = await given.desk.handle({ ...wrong, email: 'nobody@example.com' });
  assert.deepEqual(unknown, known);
  assert.deepEqual(refusalOf(unknown), 'SIGN_IN_FAILED');
  assert.deepEqual(given.hashed, work);
  assert.equal(work.length, 1);
});

test('registering with a taken address hashes as well', async () => {
  const given = accounts();
  await register(given);
  assert.equal(given.hashed.length, 1);
  await given.desk.handle({ kind: 'register', ...ANN });
  assert.equal(given.hashed.length, 2);
});

test('a hash of older parameters is renewed at the next login, once', async () => {
  const given = accounts();
  await register(given);
  const then = given.restarted({ logN: 15, r: 8, p: 1 });
  await signIn(then);
  assert.deepEqual(
    then.hashed.map(({ logN }) => logN),
    [14, 15],
  );
  await signIn(then);
  assert.deepEqual(
    then.hashed.map(({ logN }) => logN),
    [14, 15, 15],
  );
});

test('what is too much to hash is refused, and nothing is logged', async () => {
  const given = accounts();
  const userId = await register(given);
  const { seq } = given.journal.head;
  given.overload();
  const { email, password } = ANN;
  for (const request of [
    { kind: 'register', ...ANN },
    { kind: 'signIn', email, password },
    { kind: 'changeEmail', userId, email, password },
    { kind: 'delete', userId, password },
  ] as const) {
    assert.equal(refusalOf(await given.desk.handle(request)), 'OVERLOADED', request.kind);
  }
  assert.equal(given.journal.head.seq, seq);
});

test('a refresh token is good once; shown again it ends the whole session', async () => {
  const given = accounts();
  await register(given);
  const { refreshToken: first } = await signIn(given);
  const second = await given.desk.handle({ kind: 'refresh', refreshToken: first });
  assert.equal(second.refusal, null);
  const next = (second.refusal === null && second.session?.refreshToken) || '';
  assert.notEqual(next, first);
  const reused = await given.desk.handle({ kind: 'refresh', refreshToken: first });
  assert.equal(refusalOf(reused), 'SESSION_ENDED');
  const third = await given.desk.handle({ kind: 'refresh', refreshToken: next });
  assert.equal(refusalOf(third), 'SESSION_ENDED');
  const end = given.events.findLast(({ kind }) => kind === 'SessionEnded');
  assert.equal(end?.kind === 'SessionEnded' && end.reason, 'reuse');
});

test('a session ends when it was not used for long, and the oldest when there are too many', async () => {
  const given = accounts();
  await register(given);
  const { refreshToken } = await signIn(given);
  given.forward(REFRESH_MS);
  const late = await given.desk.handle({ kind: 'refresh', refreshToken });
  assert.equal(refusalOf(late), 'SESSION_ENDED');
  const opened: string[] = [];
  for (let i = 0; i <= ACCOUNTS.sessionsMax; i++) opened.push((await signIn(given)).id);
  const [account] = given.state.byUserId.values();
  assert.deepEqual([...(account?.sessions.keys() ?? [])], opened.slice(1));
});

test('signing out ends one session, and the same again says so', async () => {
  const given = accounts();
  const userId = await register(given);
  const [one, other] = [await signIn(given), await signIn(given)];
  const out = { kind: 'signOut', userId, session: one.id } as const;
  assert.equal(refusalOf(await given.desk.handle(out)), null);
  assert.equal(refusalOf(await given.desk.handle(out)), 'SESSION_ENDED');
  const { refreshToken } = other;
  assert.equal(refusalOf(await given.desk.handle({ kind: 'refresh', refreshToken })), null);
});

test('nobody signs out the session of somebody else', async () => {
  const given = accounts();
  await register(given);
  const { id: session } = await signIn(given);
  const userId = await register(given, { email: 'bob@example.com' });
  const out = await given.desk.handle({ kind: 'signOut', userId, session });
  assert.equal(refusalOf(out), 'SESSION_ENDED');
  assert.ok(given.state.bySession.has(session));
});

test('a new password ends the other sessions, raises the version, and tells the owner', async () => {
  const given = accounts();
  const userId = await register(given);
  const [mine, other] = [await signIn(given), await signIn(given)];
  const change = { kind: 'changePassword', userId, session: mine.id } as const;
  const wrong = { ...change, password: 'not the one', newPassword: 'staple battery' };
  assert.equal(refusalOf(await given.desk.handle(wrong)), 'PASSWORD_WRONG');
  const right = { ...wrong, password: ANN.password };
  const reply = await given.desk.handle(right);
  assert.equal(reply.refusal === null && reply.profile?.version, 1);
  assert.ok(given.state.bySession.has(mine.id));
  assert.ok(!given.state.bySession.has(other.id));
  assert.equal(given.letters.at(-1)?.kind, 'password-changed');
  const { email, password } = ANN;
  const old = await given.desk.handle({ kind: 'signIn', email, password });
  assert.equal(refusalOf(old), 'SIGN_IN_FAILED');
  await signIn(given, { password: 'staple battery' });
});

test('the owner of an address hears when it is no longer theirs', async () => {
  const given = accounts();
  const userId = await register(given);
  const { password } = ANN;
  await given.desk.handle({ kind: 'changeEmail', userId, email: 'new@example.com', password });
  assert.equal(given.letters.at(-1)?.to, ANN.email);
  await signIn(given, { email: 'new@example.com' });
  await register(given);
});

test('a reset is good once, for a time, and ends every session', async () => {
  const given = accounts();
  await register(given);
  const { id } = await signIn(given);
  const { email } = ANN;
  await given.desk.handle({ kind: 'requestReset', email });
  const token = given.letters.at(-1)?.token ?? '';
  const reset = { kind: 'resetPassword', token, newPassword: 'staple battery' } as const;
  const guess = { ...reset, token: 'a'.repeat(22) };
  assert.equal(refusalOf(await given.desk.handle(guess)), 'RESET_TOKEN_INVALID');
  assert.equal(refusalOf(await given.desk.handle(reset)), null);
  assert.equal(refusalOf(await given.desk.handle(reset)), 'RESET_TOKEN_INVALID');
  assert.ok(!given.state.bySession.has(id));
  await signIn(given, { password: 'staple battery' });
  await given.desk.handle({ kind: 'requestReset', email });
  given.forward(RESET_MS);
  const late = { ...reset, token: given.letters.at(-1)?.token ?? '' };
  assert.equal(refusalOf(await given.desk.handle(late)), 'RESET_TOKEN_INVALID');
});

test('a reset for nobody gets the same answer, and no letter', async () => {
  const given = accounts();
  await register(given);
  const known = await given.desk.handle({ kind: 'requestReset', email: ANN.email });
  const unknown = await given.desk.handle({ kind: 'requestReset', email: 'no@example.com' });
  assert.deepEqual(unknown, known);
  assert.equal(given.letters.length, 1);
});

test('a disabled account cannot be used until it is enabled; only the right password learns of it', async () => {
  const given = accounts();
  const userId = await register(given);
  const { refreshToken } = await signIn(given);
  await given.desk.handle({ kind: 'disable', userId });
  const { email, password } = ANN;
  const right = await given.desk.handle({ kind: 'signIn', email, password });
  assert.equal(refusalOf(right), 'ACCOUNT_DISABLED');
  const wrong = await given.desk.handle({ kind: 'signIn', email, password: 'not the one' });
  assert.equal(refusalOf(wrong), 'SIGN_IN_FAILED');
  const refresh = await given.desk.handle({ kind: 'refresh', refreshToken });
  assert.equal(refusalOf(refresh), 'SESSION_ENDED');
  await given.desk.handle({ kind: 'enable', userId });
  await signIn(given);
});

test('what an admin grants stands in the next tokens', async () => {
  const given = accounts();
  const userId = await register(given);
  const reply = await given.desk.handle({ kind: 'grant', userId, roles: ['bidder'], tier: 'gold' });
  assert.ok(reply.refusal === null && reply.profile !== null);
  const { roles, tier, version } = reply.profile;
  assert.deepEqual({ roles, tier, version }, { roles: ['bidder'], tier: 'gold', version: 1 });
  const nobody = await given.desk.handle({ kind: 'enable', userId: 'b'.repeat(22) });
  assert.equal(refusalOf(nobody), 'ACCOUNT_UNKNOWN');
});

test('a deleted account leaves no readable trace in the log, and its id to nobody else', async () => {
  const given = accounts();
  const userId = await register(given);
  await signIn(given);
  const gone = { kind: 'delete', userId, password: ANN.password } as const;
  assert.equal(
    refusalOf(await given.desk.handle({ ...gone, password: 'not the one' })),
    'PASSWORD_WRONG',
  );
  assert.equal(refusalOf(await given.desk.handle(gone)), null);
  assert.equal(refusalOf(await given.desk.handle({ kind: 'profile', userId })), 'ACCOUNT_UNKNOWN');
  const log = [...given.journal.scan(1 as never)].map(({ bytes }) => Buffer.from(bytes).toString());
  assert.ok(!log.join('').includes('xample.com'));
  assert.deepEqual(
    [...given.store.rows()].map(({ bytes }) => bytes.length),
    [0],
  );
  const then = given.restarted();
  assert.deepEqual(shape(then.state), shape(given.state));
  await register(then);
  assert.equal(then.state.byUserId.size, 2);
});

test('a deletion whose key outlived the process is finished at the next start', async () => {
  const given = accounts();
  const userId = await register(given);
  const [key] = [...given.store.rows()];
  await given.desk.handle({ kind: 'delete', userId, password: ANN.password });
  assert.ok(key);
  given.store.put([key]);
  const then = given.restarted();
  assert.deepEqual(
    [...then.store.rows()].map(({ bytes }) => bytes.length),
    [0],
  );
  assert.equal(then.state.byUserId.get(userId)?.email, null);
});

test('whatever people may type fits into a record and comes out of it', async () => {
  const given = accounts();
  const email = readEmail(`${'\u{1F600}'.repeat(60)}@${'\u0958'.repeat(40)}.example`);
  const displayName = readDisplayName('\u{1F600}'.repeat(40));
  const password = readPassword('é'.repeat(64));
  assert.ok(email !== undefined && displayName !== undefined && password !== undefined);
  const userId = await register(given, { email, displayName, password });
  const account = given.restarted().state.byUserId.get(userId);
  assert.deepEqual([account?.email, account?.displayName], [email, displayName]);
  assert.equal(readEmail(`a@${'\u0958'.repeat(200)}.example`), undefined);
});
