/**
 * Checks the accounts' files against themselves, for `gavel verify`: checksums, chain, and that every
 * record can be read with the keys beside the log.
 */
import { PersonalKeys } from '../../account/personal-keys.ts';
import { recoverAccounts } from '../../account/account-writer.ts';
import { readAccountStorage } from '../../journal/account-storage.ts';
import { readFolderMeta } from '../../journal/data-folder.ts';
import { DamagedJournal } from '../../journal/journal.ts';
import { DamagedState } from '../../journal/state-store.ts';
import type { ShardFinding } from './shard-check.ts';

export interface AccountCheck {
  readonly records: number;
  readonly accounts: number;
  /** Null: all is well. */
  readonly finding: ShardFinding | null;
}

/** Null where the folder keeps no accounts. */
export function checkAccounts(folder: string): AccountCheck | null {
  return readFolderMeta(folder).accounts === true ? checkAccountsIn(folder) : null;
}

/** Of a folder that keeps accounts. */
export function checkAccountsIn(folder: string): AccountCheck {
  try {
    return replay(folder);
  } catch (error) {
    if (!(error instanceof DamagedJournal || error instanceof DamagedState)) throw error;
    const record = error instanceof DamagedJournal ? error.seq : 0;
    return { records: 0, accounts: 0, finding: { record, what: error.message } };
  }
}

function replay(folder: string): AccountCheck {
  const { journal, keys: store } = readAccountStorage(folder);
  try {
    const never = (): never => {
      throw new Error('a check does not write');
    };
    const keys = new PersonalKeys({ rows: () => store?.rows() ?? [], put: never }, never);
    const { accounts } = recoverAccounts(journal, keys, 'look');
    return { records: journal.head.seq, accounts: accounts.length - 1, finding: null };
  } finally {
    store?.close();
    journal.close();
  }
}
