/**
 * Entry of the accounts' thread: recovers them from their log, then answers requests. What people ask
 * to be kept comes often, and is committed together; the rest one by one. A commit waits for the disk
 * here, where nobody else waits with it.
 */
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { customAlphabet } from 'nanoid';
import { AccountDesk } from '../account/account-desk.ts';
import { AccountWriter, recoverAccounts } from '../account/account-writer.ts';
import { PeopleDesk } from '../account/people-desk.ts';
import type { PeopleNews, PeopleRequest } from '../account/people-requests.ts';
import { PersonalKeys } from '../account/personal-keys.ts';
import type { AccountRequest } from '../account/requests.ts';
import { revocationsAfter, revocationsOf } from '../account/revocations.ts';
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import { ACCOUNTS } from '../config/limits.ts';
import { openAccountStorage } from '../journal/account-storage.ts';
import { accountFiles } from '../journal/data-folder.ts';
import { asDiskFailure } from '../journal/disk-failure.ts';
import { CommitFailure } from '../journal/journal.ts';
import { must } from '../lib/assert.ts';
import type { AccountWorkerData, FromAccounts, ToAccounts } from './account-thread.ts';
import { OutboxFile } from './outbox-file.ts';
import { PasswordPool } from './password-pool.ts';

const data = workerData as AccountWorkerData;
const port = must(parentPort, 'the accounts have a parent');
const say = (message: FromAccounts): void => port.postMessage(message);
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function start(): void {
  const storage = openAccountStorage(data.folder);
  const keys = new PersonalKeys(storage.keys, randomBytes);
  const state = recoverAccounts(storage.journal, keys, 'mend');
  const nowMs = (): number => Date.now();
  const writer = new AccountWriter({
    journal: storage.journal,
    keys,
    state,
    epoch: data.epoch,
    nowMs,
    onEvent: (event) => {
      for (const revocation of revocationsAfter(event, state)) say({ kind: 'revoke', revocation });
    },
  });
  const pool = new PasswordPool(failed);
  const newId = customAlphabet(ALPHABET, AUCTION_ID_LENGTH);
  const onNews = (news: PeopleNews): void => say({ kind: 'news', news });
  const people = new PeopleDesk({ writer, nowMs, newId, onNews });
  const desk = new AccountDesk({
    writer,
    hashPassword: pool.hash,
    parameters: { logN: data.hashCost, r: ACCOUNTS.scryptR, p: ACCOUNTS.scryptP },
    outbox: new OutboxFile(accountFiles(data.folder).outboxFile),
    nowMs,
    random: randomBytes,
    newId,
    refreshTtlMs: data.refreshTtlMs,
    resetTtlMs: data.resetTtlMs,
  });
  const answer = async (id: number, request: AccountRequest): Promise<void> =>
    say({ kind: 'reply', id, reply: await desk.handle(request) });
  const stop = async (): Promise<void> => {
    await pool.stop();
    storage.keys.close();
    storage.journal.close();
    port.close();
  };
  let together: { readonly id: number; readonly request: PeopleRequest }[] = [];
  const handlePeople = (): void => {
    const asked = together;
    together = [];
    if (asked.length === 0) return;
    const replies = people.handleAll(asked.map(({ request }) => request));
    for (const [i, reply] of replies.entries()) {
      say({ kind: 'reply', id: must(asked[i], 'one reply a request').id, reply });
    }
  };
  port.on('message', (message: ToAccounts) => {
    if (message.kind === 'people') {
      together.push(message);
      // Behind all messages that have come by now.
      if (together.length === 1) setImmediate(() => orFail(handlePeople));
      return;
    }
    if (message.kind === 'stop') orFail(handlePeople);
    const work = message.kind === 'stop' ? stop() : answer(message.id, message.request);
    work.catch(failed);
  });
  say({
    kind: 'ready',
    accounts: state.accounts.length - 1,
    lastSeq: storage.journal.head.seq,
    revocations: revocationsOf(state),
  });
}

/** Nothing is decided after this: what the last request did may be unknown. */
function failed(error: unknown): void {
  const failure = asDiskFailure(error, data.folder);
  const { name, message } = failure instanceof Error ? failure : new Error(String(failure));
  say({ kind: 'failed', name, message, uncertain: error instanceof CommitFailure });
  port.close();
  process.exit(1);
}

function orFail(run: () => void): void {
  try {
    run();
  } catch (error) {
    failed(error);
  }
}

orFail(start);
