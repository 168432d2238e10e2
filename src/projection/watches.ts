/**
 * Who watches what, as the read model counts it out of the accounts' log. People are numbers here, and
 * whoever is deleted is on no list any more.
 */
import type { AccountEvent, AccountRef } from '../account/events.ts';
import type { Sealer } from '../account/record.ts';
import { readAccountRecord } from '../account/record.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { heatAfter, HEAT_OF_A_WATCH } from './heat.ts';
import type { ListingTable } from './listing-table.ts';

/** What is personal in the accounts' log is nothing for lists: no key comes here. */
const UNREAD: Sealer = { seal: () => new Uint8Array(), open: () => '' };

export class Watches {
  readonly #listings: ListingTable;
  readonly #find: Statement;
  readonly #write: Statement;
  readonly #watchedBy: Statement;
  readonly #forget: Statement;

  constructor(db: Connection, listings: ListingTable) {
    this.#listings = listings;
    this.#find = db.prepare('SELECT is_on FROM watch WHERE account = ? AND listing = ?').pluck();
    this.#write = db.prepare('INSERT OR REPLACE INTO watch VALUES (?, ?, ?)');
    this.#watchedBy = db
      .prepare('SELECT listing FROM watch WHERE account = ? AND is_on = 1')
      .pluck();
    this.#forget = db.prepare('DELETE FROM watch WHERE account = ?');
  }

  /** One record of the accounts' log. Within a transaction. */
  take(bytes: Uint8Array): void {
    const event: AccountEvent = readAccountRecord(bytes, UNREAD);
    const { account } = event;
    if (event.kind === 'WatchAdded') this.#set(account, event.auctionId, true, event.atMs);
    else if (event.kind === 'WatchRemoved') this.#set(account, event.auctionId, false, event.atMs);
    else if (event.kind === 'AccountDeleted') this.#deleted(account);
  }

  #set(account: AccountRef, auctionId: string, isOn: boolean, atMs: number): void {
    const key = this.#listings.keyOf(auctionId);
    // A restore to an earlier moment may have taken the listing, and kept who watched it.
    if (key === undefined) return;
    const before = this.#find.get(account, key) as number | undefined;
    this.#write.run(account, key, isOn ? 1 : 0);
    const { row } = this.#listings.change(key, true);
    row.watched += (isOn ? 1 : 0) - (before ?? 0);
    if (before === undefined) row.watchHeat = heatAfter(row.watchHeat, HEAT_OF_A_WATCH, atMs);
  }

  #deleted(account: AccountRef): void {
    for (const key of this.#watchedBy.all(account) as number[]) {
      this.#listings.change(key, true).row.watched -= 1;
    }
    this.#forget.run(account);
  }
}
