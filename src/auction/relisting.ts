/**
 * Listing again what found no buyer: a new auction, linked to the old one both ways. The old one
 * keeps its history and is relisted once; what comes of the new one may be relisted in its turn.
 *
 *   old: unsold | cancelled ──▶ AuctionListed (new, text.relistOf = old)
 *                           └─▶ AuctionRelisted (old, as = new)      both in one batch, or none
 */
import type { Auction } from './auction.ts';
import type { ListAuction } from './commands.ts';
import type { AuctionListed, AuctionRelisted } from './events.ts';
import type { AuctionRef } from './ids.ts';
import { decideListing } from './listing.ts';
import type { ListingFault } from './listing-checks.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';

export interface Relisted {
  readonly listed: AuctionListed;
  readonly relisted: AuctionRelisted;
}

/**
 * @param ref of the new auction
 * @param command what is listed: the old terms and texts, with what is to be different
 */
export function decideRelisting(
  old: Auction,
  ref: AuctionRef,
  command: ListAuction,
  atUs: number,
  settings: RuleSettings,
): Relisted | AuctionRefusal | ListingFault {
  if (command.seller !== old.seller) return 'NOT_YOUR_AUCTION';
  if (old.status !== 'unsold' && old.status !== 'cancelled') return 'NOT_TO_RELIST';
  if (old.relistedAs !== null) return 'ALREADY_RELISTED';
  const text = { ...command.text, relistOf: old.id };
  const listed = decideListing(ref, { ...command, text }, atUs, settings);
  if ('refusal' in listed) return listed;
  const relisted = { kind: 'AuctionRelisted', auction: old.ref, atUs, as: command.id } as const;
  return { listed, relisted };
}
