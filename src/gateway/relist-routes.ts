/**
 * The REST routes of what becomes of a listing after it was made: additions to its description, and
 * listing it again when it found no buyer.
 *
 *   POST …/relist ─▶ new id on the shard of the old auction ─▶ shard: both records ─▶ images ─▶ 201
 *                         the same key: the same id                  in one batch      copied
 */
import { ADD_TO_DESCRIPTION } from '../protocol/messages/add-to-description.ts';
import { RELIST_AUCTION } from '../protocol/messages/relist-auction.ts';
import { showAuction, withId } from './auction-answer.ts';
import { keyedAuctionId, newAuctionId } from './auction-id.ts';
import type { ImageContext } from './image-routes.ts';
import type { RestRequest, Route } from './routes.ts';
import { refusalOf } from './shard-reply.ts';
import { SELLER } from './user.ts';

export function relistRoutes(context: ImageContext): readonly Route[] {
  const command = (path: string, run: Route['run']): Route => ({
    method: 'POST',
    path: `/v1/auctions/{id}/${path}`,
    access: SELLER,
    takesBody: true,
    query: {},
    run,
  });
  return [
    command('additions', (request) => add(request, context)),
    command('relist', (request) => relist(request, context)),
  ];
}

async function add(request: RestRequest, { calls }: ImageContext): Promise<void> {
  const value = ADD_TO_DESCRIPTION.fromNamed(withId(request, request.body), true);
  showAuction(request.exchange, await calls.call(ADD_TO_DESCRIPTION, value, request.user), 201);
}

async function relist(request: RestRequest, { calls, images }: ImageContext): Promise<void> {
  const { exchange, body, user, id } = request;
  const newId = besideId(request, (one) => calls.shardOf(one));
  const named = withId(request, { newAuctionId: newId, changes: body });
  const value = RELIST_AUCTION.fromNamed(named);
  const reply = await calls.call(RELIST_AUCTION, value, user);
  if (refusalOf(reply) === undefined && images !== null) {
    const copied = await images.ask({ kind: 'copy', from: id, auctionId: newId });
    // It is listed: the same request again, with its key, brings the images.
    if ('fault' in copied) return exchange.refuse('UNKNOWN_OUTCOME');
  }
  showAuction(exchange, reply, 201, { headers: { location: `/v1/auctions/${newId}` } });
}

/**
 * An id for a new auction on the shard of the old one, so that one writer decides on both; the same
 * for the same seller, old auction and key. As many are tried as there are shards, on average.
 */
function besideId(
  { id, user, idempotencyKey: key }: RestRequest,
  shardOf: (auctionId: string) => number,
): string {
  const shard = shardOf(id);
  for (let attempt = 0; ; attempt++) {
    const made =
      user === null || key === ''
        ? newAuctionId()
        : keyedAuctionId(user.id, key, `relist ${id} ${attempt}`);
    if (shardOf(made) === shard) return made;
  }
}
