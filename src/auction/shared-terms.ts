/**
 * Makes the terms of different auctions share what is equal between them: most sellers take the
 * defaults, and a million copies of them would be a few hundred megabytes. Sharing changes no
 * value, so it is not part of the state.
 */
import { shareIncrements } from './increments.ts';
import type { SoftClose, Terms } from './terms.ts';

const SHARED_MAX = 4096;

const softCloses = new Map<string, SoftClose>();
const currencies = new Map<string, string>();

/** The same terms, with the parts that many auctions have in common held once. */
export function shareTerms(terms: Terms): Terms {
  return {
    format: terms.format,
    currency: sharedOf(currencies, terms.currency, terms.currency),
    startPriceCents: terms.startPriceCents,
    reserveCents: terms.reserveCents,
    buyNowCents: terms.buyNowCents,
    increments: shareIncrements(terms.increments),
    softClose: shareSoftClose(terms.softClose),
    fatFingerFactor: terms.fatFingerFactor,
    startsAtMs: terms.startsAtMs,
    endsAtMs: terms.endsAtMs,
  };
}

function shareSoftClose({ windowMs, extensionMs, extensionsMax }: SoftClose): SoftClose {
  const key = `${windowMs} ${extensionMs} ${extensionsMax}`;
  return sharedOf(softCloses, key, Object.freeze({ windowMs, extensionMs, extensionsMax }));
}

function sharedOf<T>(known: Map<string, T>, key: string, value: T): T {
  const held = known.get(key);
  if (held !== undefined) return held;
  if (known.size < SHARED_MAX) known.set(key, value);
  return value;
}
