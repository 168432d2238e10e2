/**
 * The single writer of the accounts: decides a command, commits what follows from it, and only then
 * lets the state and the answer know. A commit that fails stops the process (journal.ts).
 *
 *   command ──▶ decide ──▶ keys ──▶ append (commit) ──▶ evolve ──▶ onEvent ──▶ answer
 */
import type { Journal } from '../journal/journal.ts';
import { DamagedJournal } from '../journal/journal.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { AccountCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { AccountEvent } from './events.ts';
import { erase, evolve } from './evolve.ts';
import type { PersonalKeys } from './personal-keys.ts';
import { readAccountRecord, writeAccountRecord } from './record.ts';
import type { AccountRefusal } from './refusal.ts';
import { AccountState } from './state.ts';

export interface AccountWriterOptions {
  readonly journal: Journal;
  readonly keys: PersonalKeys;
  readonly state: AccountState;
  readonly epoch: number;
  readonly nowMs: () => number;
  /** Called once the event is committed. */
  readonly onEvent: (event: AccountEvent) => void;
}

export class AccountWriter {
  readonly #options: AccountWriterOptions;
  readonly #writer = new MsgpackWriter(1024);

  constructor(options: AccountWriterOptions) {
    this.#options = options;
  }

  get state(): AccountState {
    return this.#options.state;
  }

  /** @throws CommitFailure */
  apply(command: AccountCommand): AccountRefusal | null {
    const { journal, keys, state, nowMs, onEvent } = this.#options;
    const atMs = Math.max(nowMs(), Math.ceil(journal.lastAtUs / 1000));
    const { events, refusal } = decide(state, command, atMs);
    if (events.length === 0) return refusal;
    for (const event of events) {
      if (event.kind === 'AccountRegistered') keys.create(event.account);
    }
    this.#append(events, atMs);
    for (const event of events) {
      evolve(state, event);
      if (event.kind === 'AccountDeleted') keys.destroy(event.account);
      onEvent(event);
    }
    return refusal;
  }

  #append(events: readonly AccountEvent[], atMs: number): void {
    const { journal, keys, epoch } = this.#options;
    const writer = this.#writer;
    writer.clear();
    const offsets = new Uint32Array(events.length + 1);
    for (const [i, event] of events.entries()) {
      writeAccountRecord(writer, event, keys);
      offsets[i + 1] = writer.length;
    }
    const firstSeq = seqAfter(journal.head.seq);
    const atUs = atMs * 1000;
    journal.append({
      firstSeq,
      count: events.length,
      atUs,
      epoch,
      offsets,
      bytes: writer.view(),
    });
  }
}

/**
 * Every account out of the log. Finishes deletions whose key was not destroyed when the process
 * ended.
 * @throws DamagedJournal where a record cannot be read, also for want of its key.
 */
export function recoverAccounts(
  journal: Pick<Journal, 'scan'>,
  keys: PersonalKeys,
  mode: 'mend' | 'look',
): AccountState {
  const state = new AccountState();
  for (const batch of journal.scan(seqAfter(SEQ_NONE))) {
    for (let i = 0; i < batch.count; i++) {
      const bytes = batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]);
      const seq = seqAfter(batch.firstSeq, i);
      try {
        evolve(state, readAccountRecord(bytes, keys));
      } catch (cause) {
        throw new DamagedJournal(`record ${seq} of the accounts cannot be read`, seq, { cause });
      }
    }
  }
  for (const account of state.accounts) {
    if (account === undefined) continue;
    if (account.status === 'deleted' && mode === 'mend') keys.destroy(account.ref);
    // A copy was taken between its log and its keys, and the deletion lies in between.
    else if (keys.isDestroyed(account.ref)) erase(state, account, account.createdAtMs);
  }
  return state;
}
