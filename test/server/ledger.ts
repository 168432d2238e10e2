/**
 * What clients know: every bid they sent, with the answer if one came. After a crash the server has
 * to agree with all of it. A ledger never forgets; what the server says is compared with it.
 */
import assert from 'node:assert/strict';
import type { UserRef } from '../../src/auction/ids.ts';
import { cents } from '../../src/auction/money.ts';
import type { Terms } from '../../src/auction/terms.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import type { Answer } from '../../src/protocol/messages/answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { ACCEPTED, REFUSALS } from '../../src/protocol/refusals.ts';
import type { SlowBid } from '../twin/slow-price.ts';
import { walk } from '../twin/slow-price.ts';
import { plainTerms } from '../twin/slow-terms.ts';
import type { BidFields, Fields, WireClient } from './wire-client.ts';
import { rest } from './wire-client.ts';

export type Transport = 'socket' | 'rest';

export interface Attempt {
  readonly user: number;
  readonly auctionId: string;
  /** Unique for its user; a re-send uses it again, so that the whole frame can be compared. */
  readonly id: number;
  readonly nonce: string;
  readonly amountCents: number;
  readonly transport: Transport;
  decided: Decided | null;
}

/** An answer that the rules decided, accepted or refused; anything else leaves it open. */
export interface Decided {
  readonly transport: Transport;
  /** Frame or body, every byte. */
  readonly raw: string;
  /** The same fields whichever way they came. */
  readonly fields: Fields;
  readonly code: number;
  readonly record: number;
}

export interface Listed {
  readonly auctionId: string;
  readonly terms: Terms;
}

/** Prefixes of a history that are priced again; each takes time with its length. */
const PREFIXES_MAX = 60;

export class Ledger {
  readonly attempts: Attempt[] = [];
  readonly auctions: Listed[] = [];
  /** How ended auctions looked when that was first seen. */
  readonly finals = new Map<string, Fields>();
  #nonces = 0;

  listed(view: Fields): void {
    this.auctions.push({
      auctionId: view['auctionId'] as string,
      terms: plainTerms({
        format: view['format'] as Terms['format'],
        startPriceCents: cents(view['startPriceCents'] as number),
      }),
    });
  }

  attempt(user: number, auctionId: string, amountCents: number, transport: Transport): Attempt {
    this.#nonces += 1;
    const id = this.#nonces;
    const nonce = `nonce-${user}-${id}`;
    const made = { user, auctionId, id, nonce, amountCents, transport, decided: null };
    this.attempts.push(made);
    return made;
  }

  /** The accepted bids on an auction, in the order of their records. */
  accepted(auctionId: string): (Attempt & { decided: Decided })[] {
    return this.attempts
      .filter((one): one is Attempt & { decided: Decided } => one.decided?.code === ACCEPTED)
      .filter((one) => one.auctionId === auctionId)
      .toSorted((a, b) => a.decided.record - b.decided.record);
  }

  /**
   * Compares everything known about an auction with what the server shows. Holds only while no
   * attempt on it is open.
   */
  compare({ auctionId, terms }: Listed, view: Fields, history: readonly BidFields[]): void {
    const bids = this.accepted(auctionId);
    // One effect for each accepted nonce: none lost, none doubled.
    assert.deepEqual(
      history.map(({ record }) => record).toReversed(),
      bids.map(({ decided }) => decided.record),
      `records of auction ${auctionId}`,
    );
    const aliases = new Map<number, string>();
    const every = Math.max(1, Math.ceil(bids.length / PREFIXES_MAX));
    const slow: SlowBid[] = [];
    for (const [i, { user, amountCents, decided }] of bids.entries()) {
      const entry = history[bids.length - 1 - i] as BidFields;
      assert.equal(entry.priceCents, decided.fields['currentPriceCents'], `price of bid ${i}`);
      assert.equal(entry.atMs, decided.fields['serverTimeMs'], `time of bid ${i}`);
      assert.equal(aliases.get(user) ?? entry.bidder, entry.bidder, `bidder of bid ${i}`);
      aliases.set(user, entry.bidder);
      slow.push({ bidder: (user + 1) as UserRef, amountCents: cents(amountCents), atUs: i });
      if (i % every === 0) {
        assert.equal(entry.priceCents, walk(terms, slow).priceCents, `rules on bid ${i}`);
      }
    }
    const { priceCents, leader } = walk(terms, slow);
    const leaderAlias = leader === 0 ? null : aliases.get(leader - 1);
    assert.equal(view['currentPriceCents'], priceCents, 'the price is what the rules make of it');
    assert.equal(view['leadingBidder'], leaderAlias, 'no acknowledged leading bid is lost');
    assert.equal(view['bidCount'], bids.length);
    if (view['status'] === 'active') return;
    assert.equal(view['status'], leader === 0 ? 'unsold' : 'sold');
    assert.equal(view['winner'] ?? null, leaderAlias, 'the winner is the leader');
    this.#compareFinal(auctionId, view);
  }

  /** Nothing of an ended auction ever changes. */
  #compareFinal(auctionId: string, view: Fields): void {
    const { serverTimeMs: _, ...lasting } = view;
    const before = this.finals.get(auctionId);
    if (before === undefined) this.finals.set(auctionId, lasting);
    else assert.deepEqual(lasting, before, `auction ${auctionId} changed after its end`);
  }
}

/** Sends a bid, for the first time or again. Null: the rules did not decide it. @throws ConnectionLost */
export async function send(
  { auctionId, id, nonce, amountCents }: Attempt,
  how: { readonly socket: WireClient } | { readonly url: string; readonly token: string },
): Promise<Decided | null> {
  if ('socket' in how) {
    const value = { id, auctionId, nonce, amountCents };
    const { name, raw, fields } = await how.socket.ask(PLACE_BID, {
      ...value,
      currency: null,
      confirm: null,
      dryRun: null,
    });
    if (name !== ANSWER.name) return open(fields);
    const { type: _, id: echoed, ...named } = ANSWER.toNamed(fields as unknown as Answer);
    assert.equal(echoed, id);
    return decidedOf('socket', raw, named);
  }
  const path = `/v1/auctions/${auctionId}/bids`;
  const { text, body } = await rest(how.url, how.token, 'POST', path, { nonce, amountCents });
  if (body['record'] === undefined) return open(body);
  const { name: _, message: _message, retryable: _retryable, ...named } = body;
  return decidedOf('rest', text, named);
}

function decidedOf(transport: Transport, raw: string, fields: Fields): Decided {
  const [code, record] = [fields['code'] as number, fields['record'] as number];
  assert.ok(code === ACCEPTED || (code > 3001 && code < 4000), `decided with ${code}`);
  return { transport, raw, fields: JSON.parse(JSON.stringify(fields)) as Fields, code, record };
}

function open(fields: Fields): null {
  const code = fields['code'] as number;
  const expected = [REFUSALS.SHUTTING_DOWN, REFUSALS.UNKNOWN_OUTCOME, REFUSALS.OVERLOADED];
  assert.ok(
    expected.some((refusal) => refusal.code === code),
    `refused with ${JSON.stringify(fields)}`,
  );
  return null;
}

/** The same nonce has to get the same answer. */
export function compareAnswers(first: Decided, again: Decided | null, nonce: string): void {
  assert.ok(again !== null, `${nonce} was decided, and now is not`);
  assert.deepEqual(again.fields, first.fields, `${nonce} got another answer`);
  if (again.transport === first.transport) {
    assert.equal(again.raw, first.raw, `${nonce} got other bytes`);
  }
}
