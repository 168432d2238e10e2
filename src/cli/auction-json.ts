/**
 * Auctions as the REST interface shows them, read back into the view that the rest of the program
 * uses, and written again for scripts: aliases are texts there (`b7`), what is absent is left out, and fields of a later version
 * are passed over.
 */
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { auctionView } from '../protocol/views.ts';
import type { AuctionView } from '../protocol/views.ts';
import { withAliases } from '../protocol/json-codec.ts';
import type { WatchState } from '../client/state.ts';
import type { Json } from './server-api.ts';

const FIELDS: Readonly<Record<keyof AuctionView, true>> = {
  auctionId: true,
  epoch: true,
  seq: true,
  title: true,
  seller: true,
  status: true,
  format: true,
  currency: true,
  startPriceCents: true,
  currentPriceCents: true,
  minimumNextCents: true,
  bidCount: true,
  leadingBidder: true,
  hasReserve: true,
  reserveMet: true,
  buyNowCents: true,
  startsAtMs: true,
  endsAtMs: true,
  extensions: true,
  softClose: true,
  listedAtMs: true,
  endReason: true,
  winner: true,
  serverTimeMs: true,
};

/** @throws CliError where the answer is not an auction */
export function auctionFrom(answer: Json): AuctionView {
  const known = Object.keys(FIELDS).map((name) => [name, answer[name]] as const);
  const leadingBidder = aliasOf(answer['leadingBidder']) ?? 0;
  const winner = aliasOf(answer['winner']);
  try {
    return auctionView.check({ ...Object.fromEntries(known), leadingBidder, winner }, 'named');
  } catch (error) {
    const next = 'Use the gavel of the version that the server has.';
    const message = 'the answer of the server cannot be read';
    throw new CliError(EXIT.internal, message, next, { cause: error });
  }
}

/** A state of a watch under the names, and in the form, of `auction show --json`. */
export function jsonOf(state: WatchState): Json {
  const { change, gapless } = state;
  return withAliases({ ...(auctionView.plain(state, 'named') as Json), change, gapless }) as Json;
}

/** `b7` → 7 */
function aliasOf(shown: unknown): number | null {
  const match = typeof shown === 'string' ? /^b(\d{1,9})$/.exec(shown) : null;
  return match === null ? null : Number(match[1]);
}
