/**
 * How often passwords are tried and letters asked for: of one network address, and about one e-mail
 * address or account. Whether the account exists makes no difference. The number of entries is
 * bounded; those with full buckets are forgotten first.
 */
import { ACCOUNTS } from '../config/limits.ts';
import type { AddressEntry } from './address-table.ts';
import { RateBucket } from './rate-bucket.ts';

const RETRY_US = 1_000_000;

export class AttemptTable {
  readonly #buckets = new Map<string, RateBucket>();

  /** 0, or the microseconds to wait before the next attempt. */
  take(address: AddressEntry, about: string, nowUs: number): number {
    const { attemptsPerSecondAndAddress: rate, attemptsBurstAndAddress: burst } = ACCOUNTS;
    const waitUs = address.attempts.take(nowUs, 1, rate, burst / rate);
    if (waitUs > 0) return waitUs;
    const bucket = this.#bucket(about.toLowerCase(), nowUs);
    if (bucket === undefined) return RETRY_US;
    const { attemptsPerSecondAndAccount: perAccount, attemptsBurstAndAccount: most } = ACCOUNTS;
    return bucket.take(nowUs, 1, perAccount, most / perAccount);
  }

  #bucket(key: string, nowUs: number): RateBucket | undefined {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= ACCOUNTS.attemptsAccountsMax) {
      for (const [other, bucket] of this.#buckets) {
        if (bucket.isFull(nowUs)) this.#buckets.delete(other);
      }
      if (this.#buckets.size >= ACCOUNTS.attemptsAccountsMax) return undefined;
    }
    const bucket = new RateBucket();
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
