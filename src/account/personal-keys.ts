/**
 * One key for each account, beside the log: what is personal in the log is encrypted with it, and
 * deleting an account destroys the key. The log itself is a chain of hashes and loses no record.
 *
 *   registering:  key durable ──▶ record          deleting:  record ──▶ key destroyed
 *
 * A destroyed key stays as an empty row, so that a row which vanished is noticed as damage.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SEQ_NONE } from '../journal/seq.ts';
import type { StateRow, StateStore } from '../journal/state-store.ts';
import { must } from '../lib/assert.ts';
import type { AccountRef } from './events.ts';
import type { Sealer } from './record.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ROW_KIND = 1;
const DESTROYED = new Uint8Array();

export class PersonalKeys implements Sealer {
  readonly #store: Pick<StateStore, 'put' | 'rows'>;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #keys = new Map<AccountRef, Uint8Array>();

  constructor(store: Pick<StateStore, 'put' | 'rows'>, random: (bytes: number) => Uint8Array) {
    this.#store = store;
    this.#random = random;
    for (const { key, bytes } of store.rows()) {
      this.#keys.set(key as AccountRef, Uint8Array.from(bytes));
    }
  }

  /** Makes a key, durably; in place of one whose account was never committed. */
  create(account: AccountRef): void {
    this.#put(account, this.#random(KEY_BYTES));
  }

  destroy(account: AccountRef): void {
    if (!this.isDestroyed(account)) this.#put(account, DESTROYED);
  }

  isDestroyed(account: AccountRef): boolean {
    return this.#keyOf(account).length === 0;
  }

  has(account: AccountRef): boolean {
    return this.#keys.has(account);
  }

  seal(account: AccountRef, text: string): Uint8Array {
    const iv = this.#random(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keyOf(account), iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, sealed, cipher.getAuthTag()]);
  }

  open(account: AccountRef, bytes: Uint8Array): string {
    const key = this.#keyOf(account);
    if (key.length === 0) return '';
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const sealed = bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  }

  #keyOf(account: AccountRef): Uint8Array {
    return must(this.#keys.get(account), `account ${account} has a key`);
  }

  #put(account: AccountRef, key: Uint8Array): void {
    const row: StateRow = {
      kind: ROW_KIND,
      key: account,
      part: 0,
      appliedSeq: SEQ_NONE,
      bytes: key,
    };
    this.#store.put([row]);
    this.#keys.set(account, key);
  }
}
