/**
 * The REST routes of images: a seller puts them on a listing, orders and removes them; everybody
 * who has the address of one may see it, because a browser sends no token for an image.
 */
import { IMAGES } from '../config/limits.ts';
import type { ImageFault, ImageReply, ImageRequest } from '../image/requests.ts';
import { IMAGE_HASH, IMAGE_SIZES } from '../image/requests.ts';
import { unreachable } from '../lib/assert.ts';
import { MalformedField } from '../protocol/field.ts';
import type { Auction } from '../protocol/messages/auction.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import { GET } from '../protocol/messages/get.ts';
import type { Exchange } from './exchange.ts';
import { fileOf, isForm } from './form-file.ts';
import type { ImageLists } from './image-lists.ts';
import type { ImagePort } from './image-port.ts';
import type { RestRequest, Route } from './routes.ts';
import type { ShardCaller } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';
import { addressOf, shownImage } from './shown-image.ts';
import { SELLER } from './user.ts';

export interface ImageContext {
  readonly calls: ShardCaller;
  /** Null: this server keeps none. */
  readonly images: ImageLists | null;
}

type Declared = Omit<Route, 'query' | 'run'>;
type Run = (request: RestRequest, images: ImagePort) => Promise<void>;

export function imageRoutes({ images, calls }: ImageContext): readonly Route[] {
  const route = (declared: Declared, run: Run): Route => ({
    ...declared,
    query: {},
    run: async (request) => {
      if (images === null) {
        return request.exchange.refuse('NOT_FOUND', { reason: 'this server keeps no images' });
      }
      return run(request, images);
    },
  });
  const ofListing = '/v1/auctions/{id}/images';
  const uploads = new Map<string, number>();
  return [
    route(
      {
        method: 'POST',
        path: ofListing,
        access: SELLER,
        takesBody: true,
        upload: { bytesMax: IMAGES.bytesMax + IMAGES.formBytesMax },
      },
      (request, port) => add(request, port, calls, uploads),
    ),
    route({ method: 'GET', path: ofListing, access: 'read', takesBody: false }, (request, port) =>
      list(request, port, calls),
    ),
    route({ method: 'PUT', path: ofListing, access: SELLER, takesBody: true }, (request, port) =>
      order(request, port, calls),
    ),
    route(
      { method: 'DELETE', path: `${ofListing}/{hash}`, access: SELLER, takesBody: false },
      (request, port) => remove(request, port, calls),
    ),
    route(
      {
        method: 'GET',
        path: '/v1/images/{hash}/{size}',
        access: 'open',
        takesBody: false,
        idPattern: IMAGE_HASH,
        unknownId: 'IMAGE_UNKNOWN',
      },
      show,
    ),
  ];
}

/** @param uploads of each user, those that are being worked on. */
async function add(
  request: RestRequest,
  images: ImagePort,
  calls: ShardCaller,
  uploads: Map<string, number>,
): Promise<void> {
  const { exchange, id: auctionId, contentType, bytes, user } = request;
  const upload = isForm(contentType) ? fileOf(contentType, bytes) : bytes;
  if (upload.length > IMAGES.bytesMax) return exchange.refuse('TOO_LARGE');
  if (!(await mayChange(request, calls, 'add'))) return;
  const who = user?.id ?? '';
  const before = uploads.get(who) ?? 0;
  if (before >= IMAGES.uploadsOfUserMax) return exchange.refuse('TOO_MANY_REQUESTS');
  uploads.set(who, before + 1);
  try {
    const reply = await images.ask({ kind: 'add', auctionId, upload });
    if (!('images' in reply)) return answer(request, reply);
    const location = reply.added === null ? '' : addressOf(reply.added.hash, 'full');
    exchange.json(201, { auctionId, images: reply.images.map(shownImage) }, { location });
  } finally {
    const now = (uploads.get(who) ?? 1) - 1;
    if (now === 0) uploads.delete(who);
    else uploads.set(who, now);
  }
}

async function list(request: RestRequest, images: ImagePort, calls: ShardCaller): Promise<void> {
  if ((await auctionOf(request, calls)) === undefined) return;
  answer(request, await images.ask({ kind: 'list', auctionId: request.id }));
}

async function order(request: RestRequest, images: ImagePort, calls: ShardCaller): Promise<void> {
  const { images: hashes, ...others } = request.body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new MalformedField('is not a known field', unknown);
  const isHash = (value: unknown): value is string =>
    typeof value === 'string' && IMAGE_HASH.test(value);
  if (!Array.isArray(hashes) || !hashes.every(isHash)) {
    throw new MalformedField('must be the list of the hashes, in the new order', 'images');
  }
  if (!(await mayChange(request, calls, 'change'))) return;
  const wanted: ImageRequest = { kind: 'order', auctionId: request.id, hashes };
  answer(request, await images.ask(wanted));
}

async function remove(request: RestRequest, images: ImagePort, calls: ShardCaller): Promise<void> {
  const { exchange, id: auctionId, record: hash } = request;
  if (!IMAGE_HASH.test(hash)) return exchange.refuse('IMAGE_UNKNOWN');
  if (!(await mayChange(request, calls, 'change'))) return;
  answer(request, await images.ask({ kind: 'remove', auctionId, hash }));
}

/** What is at an address never changes, so whoever has it may keep it, and need not ask again. */
async function show(request: RestRequest, images: ImagePort): Promise<void> {
  const { exchange, id: hash, record, ifNoneMatch } = request;
  const size = IMAGE_SIZES.find((name) => name === record);
  if (size === undefined) return exchange.refuse('IMAGE_UNKNOWN');
  const reply = await images.ask({ kind: 'read', hash, size });
  if (!('bytes' in reply)) return answer(request, reply);
  const etag = `"${hash}-${size}"`;
  const caching = `public, max-age=${IMAGES.cacheSeconds}, immutable`;
  const headers = { etag, 'cache-control': caching };
  const isKnown = ifNoneMatch
    .split(',')
    .some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()));
  if (isKnown) return exchange.bytes(304, 'image/webp', new Uint8Array(), headers);
  exchange.bytes(200, 'image/webp', reply.bytes, headers);
}

/** The auction as its seller sees it; undefined: it has been refused. */
async function auctionOf(
  { exchange, id: auctionId, user }: RestRequest,
  calls: ShardCaller,
): Promise<Auction['auction'] | undefined> {
  const reply = await calls.call(GET, { id: REST_REQUEST_ID, auctionId }, user);
  if (refusalOf(reply) === undefined) return valueOf<Auction>(reply, AUCTION).auction;
  refuseWith(exchange, reply);
  return undefined;
}

/** Bidders rely on what they saw: with a bid, images may come, and none may go or move. */
async function mayChange(
  request: RestRequest,
  calls: ShardCaller,
  what: 'add' | 'change',
): Promise<boolean> {
  const { exchange, user } = request;
  const auction = await auctionOf(request, calls);
  if (auction === undefined) return false;
  const { status, seller, bidCount } = auction;
  if (seller !== user?.id) exchange.refuse('NOT_YOUR_AUCTION');
  else if (status === 'cancelled') exchange.refuse('AUCTION_CANCELLED');
  else if (status === 'sold' || status === 'unsold') exchange.refuse('AUCTION_ENDED');
  else if (what === 'change' && bidCount > 0) exchange.refuse('CHANGE_TOO_LATE');
  else return true;
  return false;
}

function answer({ exchange, id: auctionId }: RestRequest, reply: ImageReply): void {
  if ('images' in reply)
    return exchange.json(200, { auctionId, images: reply.images.map(shownImage) });
  if ('fault' in reply) return refuse(exchange, reply);
  throw new Error('a file came where a list was asked for');
}

function refuse(exchange: Exchange, reply: ImageFault): void {
  const { fault } = reply;
  switch (fault) {
    case 'unreadable':
      return exchange.refuse('IMAGE_UNREADABLE', { reason: `the file ${reply.reason}` });
    case 'too many':
      return exchange.refuse('TOO_MANY_IMAGES');
    case 'unknown':
      return exchange.refuse('IMAGE_UNKNOWN');
    case 'not the same':
      throw new MalformedField('must be all images of the listing, each once', 'images');
    case 'full':
      return exchange.refuse('IMAGE_STORE_FULL');
    case 'overloaded':
      return exchange.refuse('OVERLOADED');
    case 'failed':
      return exchange.refuse('UNKNOWN_OUTCOME');
    default:
      return unreachable(fault, 'fault');
  }
}
