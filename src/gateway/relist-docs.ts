/** What the reference says about additions and relisting (relist-routes.ts). */
import { closed, objectOf, titled } from '../protocol/json-schema.ts';
import { additionText, listingChange } from '../protocol/listing.ts';
import { AUCTION_SHOWN } from './answer-schemas.ts';
import type { RouteDoc } from './route-docs.ts';

export const RELIST_DOCS: Readonly<Record<string, RouteDoc>> = {
  'POST /v1/auctions/{id}/additions': {
    tag: 'auctions',
    summary: 'Adds to the description of a listing of one’s own, also when it has bids.',
    body: closed(objectOf({ text: additionText.json })),
    answer: AUCTION_SHOWN,
    status: 201,
    refusals: [
      'AUCTION_UNKNOWN',
      'NOT_YOUR_AUCTION',
      'INVALID_LISTING',
      'ADDITION_TOO_LATE',
      'TOO_MANY_ADDITIONS',
    ],
    example: { body: { text: 'The cable is 2 m long.' } },
  },
  'POST /v1/auctions/{id}/relist': {
    tag: 'auctions',
    summary: 'Lists an auction of one’s own again that found no buyer, with what the body changes.',
    body: closed(titled('ListingChange', listingChange.json)),
    answer: AUCTION_SHOWN,
    status: 201,
    refusals: [
      'AUCTION_UNKNOWN',
      'NOT_YOUR_AUCTION',
      'INVALID_LISTING',
      'NOT_TO_RELIST',
      'ALREADY_RELISTED',
    ],
    example: { body: { startPriceCents: 800 } },
  },
};
