/** The REST routes of receipts: the public keys, the receipt of a bid, the report on an auction. */
import { MalformedField } from '../protocol/field.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import type { Auction } from '../protocol/messages/auction.ts';
import { GET } from '../protocol/messages/get.ts';
import { GET_RECEIPT } from '../protocol/messages/get-receipt.ts';
import { RECEIPT } from '../protocol/messages/receipt.ts';
import type { Receipt } from '../protocol/messages/receipt.ts';
import type { ReceiptOffice } from '../receipt/office.ts';
import type { RestRequest, Route } from './routes.ts';
import type { ShardCaller } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';
import { ADMIN, BIDDER, SELLER } from './user.ts';
import type { User } from './user.ts';

export interface ReceiptContext {
  readonly calls: ShardCaller;
  readonly receipts: ReceiptOffice;
  readonly nowUs: () => number;
}

export function receiptRoutes(context: ReceiptContext): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/keys',
      access: 'open',
      takesBody: false,
      query: {},
      run: ({ exchange }) => exchange.json(200, { keys: context.receipts.publicKeys }),
    },
    {
      method: 'GET',
      path: '/v1/auctions/{id}/bids/{record}/receipt',
      access: BIDDER | SELLER,
      takesBody: false,
      query: {},
      run: (request) => showReceipt(request, context),
    },
    {
      method: 'GET',
      path: '/v1/auctions/{id}/report',
      access: SELLER | ADMIN,
      takesBody: false,
      query: {},
      run: (request) => showReport(request, context),
    },
  ];
}

async function showReceipt(request: RestRequest, context: ReceiptContext): Promise<void> {
  const { exchange, id, record, user } = request;
  if (!/^\d{1,15}$/.test(record)) throw new MalformedField('must be a whole number', 'record');
  const { calls, receipts } = context;
  const frame = { id: REST_REQUEST_ID, auctionId: id, record: Number(record) };
  const reply = await calls.call(GET_RECEIPT, frame, user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  const { receipt } = valueOf<Receipt>(reply, RECEIPT);
  exchange.json(200, { receipt: await receipts.sign(receipt) });
}

/** The receipt of a record that was just answered; null where it has to be asked for again. */
export async function receiptOf(
  auctionId: string,
  record: number,
  user: User | null,
  { calls, receipts }: ReceiptContext,
): Promise<string | null> {
  const frame = { id: REST_REQUEST_ID, auctionId, record };
  const reply = await calls.call(GET_RECEIPT, frame, user);
  if (refusalOf(reply) !== undefined) return null;
  return receipts.sign(valueOf<Receipt>(reply, RECEIPT).receipt);
}

async function showReport(request: RestRequest, context: ReceiptContext): Promise<void> {
  const { exchange, id, roles, user } = request;
  const { calls, receipts, nowUs } = context;
  const reply = await calls.call(GET, { id: REST_REQUEST_ID, auctionId: id }, user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  const { auction } = valueOf<Auction>(reply, AUCTION);
  if (auction.seller !== user?.id && (roles & ADMIN) === 0) {
    return exchange.refuse('NOT_YOUR_AUCTION');
  }
  if (auction.status === 'scheduled' || auction.status === 'active') {
    const retryAfterMs = Math.max(1, auction.endsAtMs - Math.floor(nowUs() / 1000));
    return exchange.refuse('AUCTION_NOT_OVER', { retryAfterMs });
  }
  const made = await receipts.report(id, calls.shardOf(id), auction.listedAtMs * 1000);
  if (made === 'busy') return exchange.refuse('OVERLOADED');
  if (made === 'too long') {
    return exchange.refuse('TOO_LARGE', { reason: 'the operator can make it with gavel report' });
  }
  exchange.text(200, 'application/json', made.file);
}
