/**
 * The single writer of the accounts: decides a command, commits what follows from it, and only then
 * lets the answer and others know. What comes together is committed together. A commit that fails
 * stops the process (journal.ts).
 *
 *   command ──▶ decide ──▶ keys ──▶ evolve ─┐
 *   command ──▶ decide ──▶ keys ──▶ evolve ─┴▶ append (commit) ──▶ onEvent ──▶ answers
 */
import type { Journal } from '../journal/journal.ts';
import { DamagedJournal } from '../journal/journal.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { AccountCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { AccountEvent } from './events.ts';
import { erase, evolve } from './evolve.ts';
import type { PeopleCommand } from './people-commands.ts';
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
  /** Decided and not committed yet; null: nothing is being collected. */
  #batch: { readonly atMs: number; readonly events: AccountEvent[] } | null = null;

  constructor(options: AccountWriterOptions) {
    this.#options = options;
  }

  get state(): AccountState {
    return this.#options.state;
  }

  /** @throws CommitFailure */
  apply(command: AccountCommand | PeopleCommand): AccountRefusal | null {
    if (this.#batch === null) return this.together(() => this.apply(command));
    const { keys, state } = this.#options;
    const { atMs, events: batch } = this.#batch;
    const { events, refusal } = decide(state, command, atMs);
    for (const event of events) {
      if (event.kind === 'AccountRegistered' || event.kind === 'GuestAdmitted') {
        keys.create(event.account);
      }
      evolve(state, event);
      batch.push(event);
    }
    return refusal;
  }

  /**
   * One commit for all commands that are applied by `run`. What it comes to may be told only after
   * this has returned.
   * @throws CommitFailure: the state is ahead of the log then, and nobody may see it.
   */
  together<T>(run: () => T): T {
    const { journal, keys, nowMs, onEvent } = this.#options;
    const atMs = Math.max(nowMs(), Math.ceil(journal.lastAtUs / 1000));
    const events: AccountEvent[] = [];
    this.#batch = { atMs, events };
    let result: T;
    try {
      result = run();
    } finally {
      this.#batch = null;
    }
    if (events.length > 0) this.#append(events, atMs);
    for (const event of events) {
      if (event.kind === 'AccountDeleted') keys.destroy(event.account);
      onEvent(event);
    }
    return result;
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
