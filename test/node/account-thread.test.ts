/** The accounts' thread: what it may not start on, and that its death is noticed and answered. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { ACCOUNTS } from '../../src/config/limits.ts';
import { createKey } from '../../src/gateway/token.ts';
import { accountFiles, makeAccountsFolder, openDataFolder } from '../../src/journal/data-folder.ts';
import { SILENT } from '../../src/lib/log.ts';
import type { AccountFailure } from '../../src/node/account-thread.ts';
import { AccountThread } from '../../src/node/account-thread.ts';

const DAY_MS = 86_400_000;

async function thread(
  t: TestContext,
): Promise<{ folder: string; accounts: AccountThread; failed: Promise<AccountFailure> }> {
  const parent = mkdtempSync(join(tmpdir(), 'gavel-test-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'data');
  openDataFolder(folder, { shards: 1, shardsDefault: 1, nowMs: 1 });
  const { promise: failed, resolve } = Promise.withResolvers<AccountFailure>();
  const accounts = new AccountThread({
    data: { folder, epoch: 1, hashCost: 14, refreshTtlMs: DAY_MS, resetTtlMs: DAY_MS },
    key: await createKey(),
    issuer: 'gavel',
    audience: 'gavel',
    accessTtlMs: DAY_MS,
    log: SILENT,
    onRevoked: () => {},
    onNews: () => {},
    onFatal: resolve,
  });
  return { folder, accounts, failed };
}

test('an older folder gets its accounts at the first start; from then on they have to be there', async (t) => {
  const { folder, accounts, failed } = await thread(t);
  makeAccountsFolder(folder);
  makeAccountsFolder(folder);
  assert.deepEqual(await accounts.start(), []);
  await accounts.stop();
  assert.equal(openDataFolder(folder, { shards: null, shardsDefault: 1, nowMs: 2 }).accounts, true);
  rmSync(accountFiles(folder).folder, { recursive: true });
  assert.throws(() => makeAccountsFolder(folder), { name: 'DamagedDataFolder' });
  accounts.start().catch(assert.ifError);
  assert.notEqual((await failed).message, '');
});

test('more requests than may wait are refused, and the others answered', async (t) => {
  const { folder, accounts } = await thread(t);
  makeAccountsFolder(folder);
  await accounts.start();
  const asked = Array.from({ length: ACCOUNTS.requestsWaitingMax + 5 }, (_, i) =>
    accounts.call({ kind: 'profile', userId: `user-${i}` }),
  );
  const refusals = (await Promise.all(asked)).map(({ refusal }) => refusal);
  assert.equal(refusals.filter((refusal) => refusal === 'OVERLOADED').length, 5);
  assert.equal(
    refusals.filter((refusal) => refusal === 'ACCOUNT_UNKNOWN').length,
    ACCOUNTS.requestsWaitingMax,
  );
  await accounts.stop();
});

test('a thread that cannot write its letters stops the node; whoever waits is told that nobody knows', async (t) => {
  const { folder, accounts, failed } = await thread(t);
  makeAccountsFolder(folder);
  await accounts.start();
  const email = 'ann@example.com';
  const password = 'correct horse';
  await accounts.call({ kind: 'register', email, password, displayName: 'Ann' });
  rmSync(accountFiles(folder).folder, { recursive: true });
  const { refusal } = await accounts.call({ kind: 'requestReset', email });
  assert.equal(refusal, 'UNKNOWN_OUTCOME');
  await failed;
  const { refusal: after } = await accounts.call({ kind: 'profile', userId: 'ann' });
  assert.equal(after, 'UNKNOWN_OUTCOME');
});
