/** Whatever is asked in whatever order: the log alone gives the same accounts, and the look-ups agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccountCommand } from '../../src/account/commands.ts';
import type { AccountState } from '../../src/account/state.ts';
import { emailKey } from '../../src/account/state.ts';
import { accounts, shape } from './fixture.ts';

const small = fc.nat(3);
const userId = small.map((n) => `user-${n}`);
const email = small.map((n) => `user${n}@example.com`);
const session = small.map((n) => `session-${n}`);
const password = small.map((n) => `hash-${n}`);
const tokenHash = small.map((n) => `token-${n}`);
const expiresAtMs = fc.nat(4_000).map((ms) => 1_800_000_000_000 + ms);

const kind = <K extends AccountCommand['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const command: fc.Arbitrary<AccountCommand> = fc.oneof(
  fc.record({ kind: kind('Register'), userId, email, displayName: email, password }),
  fc.record({
    kind: kind('OpenSession'),
    email,
    checkedPassword: password,
    session: fc.uuid(),
    tokenHash,
    expiresAtMs,
    rehashed: fc.option(password),
  }),
  fc.record({
    kind: kind('RefreshSession'),
    session,
    shownHash: tokenHash,
    tokenHash,
    expiresAtMs,
  }),
  fc.record({ kind: kind('EndSession'), userId, session }),
  fc.record({ kind: kind('ChangeEmail'), userId, email, checkedPassword: password }),
  fc.record({
    kind: kind('ChangePassword'),
    userId,
    session: fc.option(session),
    password,
    checkedPassword: password,
  }),
  fc.record({ kind: kind('RequestReset'), email, tokenHash: fc.uuid(), expiresAtMs }),
  fc.record({ kind: kind('ResetPassword'), tokenHash, password }),
  fc.record({ kind: kind('Disable'), userId }),
  fc.record({ kind: kind('Enable'), userId }),
  fc.record({ kind: kind('Delete'), userId, checkedPassword: password }),
);

/** Every look-up leads to what it names, and nothing is missing in it. */
function assertLookups(state: AccountState): void {
  const all = state.accounts.filter((each) => each !== undefined);
  const named = all.filter((each) => each.email !== null);
  assert.equal(state.byEmail.size, named.length, 'no two accounts share an address');
  for (const each of named) assert.equal(state.byEmail.get(emailKey(each.email ?? '')), each);
  const sessions = all.flatMap((each) =>
    [...each.sessions.keys()].map((id) => [id, each] as const),
  );
  assert.deepEqual(new Map(sessions), state.bySession);
  for (const each of all) {
    if (each.reset !== null) assert.equal(state.byReset.get(each.reset.tokenHash), each);
    if (each.status !== 'active')
      assert.equal(each.sessions.size, 0, 'who may not, has no session');
    if (each.status === 'deleted') assert.equal(`${each.email}${each.displayName}`, 'null');
  }
}

test('a property: versions never fall, look-ups agree, and a restart gives the same', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(command, fc.nat(1_000)), { maxLength: 40 }), (steps) => {
      const given = accounts();
      const users = new Set<string>();
      for (const [each, ms] of steps) {
        given.forward(ms);
        // Ids come from chance, so that nobody gets one twice.
        if (each.kind === 'Register' && users.has(each.userId)) continue;
        const before = given.state.accounts.map((account) => account?.version ?? 0);
        const refusal = given.writer.apply(each);
        if (each.kind === 'Register' && refusal === null) users.add(each.userId);
        assertLookups(given.state);
        before.forEach((version, i) =>
          assert.ok((given.state.accounts[i]?.version ?? 0) >= version),
        );
      }
      assert.deepEqual(shape(given.restarted().state), shape(given.state));
    }),
    { numRuns: 300 },
  );
});
