/**
 * One door to the formats, and the re-pricing after a retraction. A further format is a further
 * file and a line here.
 */
import type { Auction } from './auction.ts';
import { priceDirectBid } from './direct-pricing.ts';
import { priceProxyBid } from './proxy-pricing.ts';
import { unbid } from './priced.ts';
import type { Priced, Pricing } from './priced.ts';
import type { Format } from './terms.ts';

const PRICINGS: Readonly<Record<Format, Pricing>> = {
  proxy: priceProxyBid,
  direct: priceDirectBid,
};

export function pricingOf(format: Format): Pricing {
  return PRICINGS[format];
}

/**
 * What the standing bids come to without the entries in `except` (ascending): they are priced
 * again in their order, as if those had never been made. In a proxy auction this is RULES.md's
 * "recomputed from the remaining maximums", and also keeps what a plain maximum-against-maximum
 * formula would lose: a leader who raised the own maximum did not move the price. An earlier,
 * lower maximum of the same bidder counts again. Takes time with the number of attempts.
 */
export function priceWithout(auction: Auction, except: readonly number[]): Priced {
  const { attempts, terms } = auction;
  const price = pricingOf(terms.format);
  let priced = unbid(terms);
  let skip = 0;
  for (let entry = 0; entry < attempts.count; entry++) {
    if (entry === except[skip]) skip += 1;
    else if (attempts.standsAt(entry)) {
      priced = price(priced, attempts.bidderAt(entry), attempts.amountAt(entry), terms);
    }
  }
  return priced;
}
