/** Where a gateway has its receipts signed and its reports made; node/ puts key and threads behind it. */
import type { PublicJwk } from './signature.ts';

export interface ReceiptOffice {
  /** The keys that have signed and will sign, for whoever checks. */
  readonly publicKeys: readonly PublicJwk[];
  /** The receipt that says this: what a shard said (statement.ts), sealed and signed. */
  sign(unsealed: string): Promise<string>;
  /**
   * The signed report on an auction that is over (close-report.ts).
   * @param sinceUs it was not listed before this, microseconds since 1970.
   */
  report(auctionId: string, shard: number, sinceUs: number): Promise<ReportOutcome>;
}

/** `busy`: as many as may wait do; `too long`: only the operator can make it (gavel report). */
export type ReportOutcome = { readonly file: string } | 'busy' | 'too long';
