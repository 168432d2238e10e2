/**
 * The REST side of the SDK: listings, histories, and bids where a WebSocket cannot be had. One
 * method a route; each makes one request. Times out, refuses and fails with the same errors as the
 * rest of the SDK. Usable alone, and as `gavel.rest`.
 */
import type { AuctionView, BidEntry } from '../protocol/views.ts';
import type { Listing, ListingChange } from '../protocol/listing.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { AuctionDetails, AuctionNow, ShownImage } from './auction-details.ts';
import { detailsOf, entryOf, viewOf } from './auction-details.ts';
import type { BidResult, Standing } from './bid-result.ts';
import type { GavelError } from './errors.ts';
import { Refused, RequestFailed, TimedOut, UnknownOutcome } from './errors.ts';
import { makeNonce } from './nonce.ts';
import type { ConnectOptions } from './options.ts';
import { httpUrl, positive } from './options.ts';
import { refusalInfo } from './refusal-info.ts';
import type { RefusalInfo } from './refusal-info.ts';

export type RestOptions = Pick<ConnectOptions, 'url' | 'token' | 'fetch' | 'timeoutMs'>;

export type NewListing = Partial<Listing> &
  Pick<Listing, 'title' | 'currency' | 'startPriceCents' | 'endsAtMs'>;

/** Made by the SDK where it is not given. */
interface NonceOptions {
  readonly nonce?: string;
}

export interface AuctionQuery {
  readonly status?: AuctionView['status'];
  readonly seller?: string;
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

export interface AuctionPage {
  /** Newest first. */
  readonly auctions: readonly AuctionView[];
  readonly next: string | null;
}

export interface BidQuery {
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly before?: number;
}

export interface BidPage {
  readonly auctionId: string;
  /** Newest first. */
  readonly bids: readonly BidEntry[];
  readonly next: number | null;
}

export interface RestBidOptions {
  readonly nonce?: string;
  readonly currency?: string;
  readonly confirm?: boolean;
  readonly dryRun?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

interface Reply {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Json;
}

const TIMEOUT_MS_DEFAULT = 20_000;
const STANDING: readonly (keyof Standing)[] = [
  'epoch',
  'seq',
  'record',
  'currentPriceCents',
  'status',
  'minimumNextCents',
  'suggestedCents',
  'endsAtMs',
  'serverTimeMs',
];
/** The server's own trouble leaves open what became of a command. */
const OWN_TROUBLE: readonly number[] = [REFUSALS.UNKNOWN_OUTCOME.code, REFUSALS.INTERNAL.code];

/** How often a listing is sent until it is answered. */
const LISTING_COPIES = 2;

/** No answer, or one that leaves open what became of the command. */
class Lost {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

export class Rest {
  readonly #base: string;
  readonly #token: RestOptions['token'];
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  /** @throws InvalidArgument */
  constructor(options: RestOptions) {
    this.#base = httpUrl(options.url);
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.#timeoutMs = positive('timeoutMs', options.timeoutMs ?? TIMEOUT_MS_DEFAULT);
  }

  /** The server's clock, milliseconds since 1970. */
  async time(): Promise<number> {
    return (await this.#ask('GET', '/v1/time'))['serverTimeMs'] as number;
  }

  /**
   * Lists an auction; the token's user is the seller. Where the answer is lost it is sent once more
   * with the same nonce, so that it is listed once. Rejects with UnknownOutcome where that is lost
   * too: the same nonce finds what was listed, later as well.
   */
  createAuction(listing: NewListing, options: NonceOptions = {}): Promise<AuctionDetails> {
    return this.#list('/v1/auctions', listing, options);
  }

  /**
   * Lists an own auction again that found no buyer: as it was, from now on and for as long, but for
   * what is given. Sent again and refused as a new listing is.
   */
  relistAuction(
    auctionId: string,
    changes: Partial<ListingChange> = {},
    options: NonceOptions = {},
  ): Promise<AuctionDetails> {
    return this.#list(`${pathOf(auctionId)}/relist`, changes, options);
  }

  async #list(
    path: string,
    listing: object,
    { nonce = makeNonce() }: NonceOptions,
  ): Promise<AuctionDetails> {
    let lost: Lost | null = null;
    for (let copy = 0; copy < LISTING_COPIES; copy++) {
      const reply = await this.#listing(path, listing, nonce);
      if (reply instanceof Lost) {
        lost = reply;
        continue;
      }
      if (reply.ok) return detailsOf(reply.body);
      const refusal = refusalOf(reply) as RefusalInfo;
      // Only the auction's own shard knows that the copy before was not listed.
      if (lost !== null && !isOfAuction(refusal)) break;
      throw new Refused(refusal);
    }
    throw new UnknownOutcome(null, nonce, lost?.why ?? '');
  }

  async #listing(path: string, listing: object, nonce: string): Promise<Reply | Lost> {
    try {
      const key = { 'idempotency-key': nonce };
      const reply = await this.#request('POST', path, listing, key);
      if (reply.ok) return reply;
      const refusal = refusalOf(reply);
      if (refusal === null) return new Lost(`HTTP status ${reply.status}`);
      return OWN_TROUBLE.includes(refusal.code) ? new Lost(refusal.message) : reply;
    } catch (error) {
      if (error instanceof TimedOut || error instanceof RequestFailed) {
        return new Lost(error.message);
      }
      throw error;
    }
  }

  /** Changes what is given and leaves the rest. */
  async changeAuction(auctionId: string, changes: Partial<ListingChange>): Promise<AuctionDetails> {
    return detailsOf(await this.#ask('PUT', pathOf(auctionId), changes));
  }

  /** Adds to the description, with bids as well; the same words again are added once. */
  async addToDescription(auctionId: string, text: string): Promise<AuctionDetails> {
    return detailsOf(await this.#ask('POST', `${pathOf(auctionId)}/additions`, { text }));
  }

  async auction(auctionId: string): Promise<AuctionNow> {
    const details = detailsOf(await this.#ask('GET', pathOf(auctionId)));
    return { images: [], ...details } as unknown as AuctionNow;
  }

  /** Of a listing, in their order. */
  images(auctionId: string): Promise<readonly ShownImage[]> {
    return this.#images('GET', auctionId);
  }

  /** Puts an image behind those of an own listing; the same file again changes nothing. */
  addImage(auctionId: string, file: Blob): Promise<readonly ShownImage[]> {
    return this.#images('POST', auctionId, '', file);
  }

  removeImage(auctionId: string, hash: string): Promise<readonly ShownImage[]> {
    return this.#images('DELETE', auctionId, `/${encodeURIComponent(hash)}`);
  }

  /** All hashes, in the new order. */
  orderImages(auctionId: string, hashes: readonly string[]): Promise<readonly ShownImage[]> {
    return this.#images('PUT', auctionId, '', { images: hashes });
  }

  async #images(
    method: string,
    auctionId: string,
    which = '',
    body?: object,
  ): Promise<readonly ShownImage[]> {
    const answer = await this.#ask(method, `${pathOf(auctionId)}/images${which}`, body);
    return answer['images'] as readonly ShownImage[];
  }

  async auctions(query: AuctionQuery = {}): Promise<AuctionPage> {
    const page = await this.#ask('GET', `/v1/auctions${queryOf({ ...query })}`);
    const { auctions, next } = page as { auctions: readonly Json[]; next?: string | null };
    return { auctions: auctions.map(viewOf), next: next ?? null };
  }

  async bids(auctionId: string, query: BidQuery = {}): Promise<BidPage> {
    const page = await this.#ask('GET', `${pathOf(auctionId)}/bids${queryOf({ ...query })}`);
    const { bids, next } = page as { bids: readonly Json[]; next?: number | null };
    return { auctionId, bids: bids.map(entryOf), next: next ?? null };
  }

  /** Ends an auction early: `cancel` voids all bids, `sell` sells to the high bidder. */
  async cancelAuction(auctionId: string, how: 'cancel' | 'sell'): Promise<AuctionDetails> {
    return detailsOf(await this.#ask('POST', `${pathOf(auctionId)}/cancel`, { how }));
  }

  /**
   * Takes no (more) bids of this bidder on an own auction, or takes them again. Who it is: the id
   * of the user, or as a number the alias that everybody sees.
   */
  async blockBidder(auctionId: string, who: string | number, blocked = true): Promise<void> {
    const named = typeof who === 'number' ? { bidder: `b${who}` } : { userId: who };
    await this.#ask('POST', `${pathOf(auctionId)}/blocks`, { ...named, blocked });
  }

  /** The same bid as over the WebSocket; the same nonce is the same bid. */
  bid(auctionId: string, amountCents: number, options: RestBidOptions = {}): Promise<BidResult> {
    return this.#command(auctionId, 'bids', { ...options, amountCents });
  }

  buyNow(auctionId: string, options: { readonly nonce?: string } = {}): Promise<BidResult> {
    return this.#command(auctionId, 'buy-now', options);
  }

  retract(auctionId: string, options: { readonly nonce?: string } = {}): Promise<BidResult> {
    return this.#command(auctionId, 'retract', options);
  }

  async #command(auctionId: string, what: string, options: Json): Promise<BidResult> {
    const nonce = (options['nonce'] as string | undefined) ?? makeNonce();
    const hasEffect = options['dryRun'] !== true;
    const unknown = (why: string): UnknownOutcome => new UnknownOutcome(auctionId, nonce, why);
    let reply: Reply;
    try {
      reply = await this.#request('POST', `${pathOf(auctionId)}/${what}`, { ...options, nonce });
    } catch (error) {
      throw hasEffect ? unknown((error as GavelError).message) : error;
    }
    if (reply.ok) {
      return { accepted: true, refusal: null, nonce, ...(standingOf(reply.body) as Standing) };
    }
    const refusal = refusalOf(reply);
    if (refusal === null || OWN_TROUBLE.includes(refusal.code)) {
      if (hasEffect) throw unknown(refusal?.message ?? `HTTP status ${reply.status}`);
    }
    if (refusal === null) throw failed(reply);
    return { accepted: false, refusal, nonce, ...standingOf(reply.body) };
  }

  async #ask(method: string, path: string, body?: object): Promise<Json> {
    const reply = await this.#request(method, path, body);
    if (reply.ok) return reply.body;
    const refusal = refusalOf(reply);
    throw refusal === null ? failed(reply) : new Refused(refusal);
  }

  async #request(
    method: string,
    path: string,
    body?: object,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const headers: Record<string, string> = { ...more };
    const token = typeof this.#token === 'function' ? await this.#token() : this.#token;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const isFile = body instanceof Blob;
    if (isFile) headers['content-type'] = 'application/octet-stream';
    else if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await this.#fetch(`${this.#base}${path}`, {
        method,
        headers,
        body: body === undefined ? null : isFile ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      const text = await response.text();
      return { ok: response.ok, status: response.status, body: parse(text) };
    } catch (error) {
      const cause = { cause: error };
      if (error instanceof Error && error.name === 'TimeoutError') {
        throw new TimedOut(`there was no answer within ${this.#timeoutMs} ms`, cause);
      }
      throw new RequestFailed(`${method} ${path} failed: ${reasonOf(error)}`, cause);
    }
  }
}

/** `fetch failed` alone helps nobody: what failed stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function failed({ status }: Reply): RequestFailed {
  return new RequestFailed(`the answer with HTTP status ${status} is not from Gavel`);
}

function parse(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

/** Null: something between here and the server answered. */
function refusalOf({ body }: Reply): RefusalInfo | null {
  const { code, retryAfterMs = null, field = null, reason = null } = body;
  if (typeof code !== 'number') return null;
  const known = refusalInfo({ code, retryAfterMs, field, reason } as never);
  const { name, message, retryable } = body;
  return { ...known, name, message, retryable } as RefusalInfo;
}

function isOfAuction({ code }: RefusalInfo): boolean {
  return code >= 3000 && code < 4000;
}

/** A refusal without one leaves all of it out. */
function standingOf(body: Json): Partial<Standing> {
  return Object.fromEntries(
    STANDING.filter((name) => name in body).map((name) => [name, body[name]]),
  );
}

function pathOf(auctionId: string): string {
  return `/v1/auctions/${encodeURIComponent(auctionId)}`;
}

function queryOf(query: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.set(name, String(value));
  }
  return params.size === 0 ? '' : `?${params.toString()}`;
}
