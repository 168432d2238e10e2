/** docs/rest.md names every route of both listeners and no other, and its errors are true. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import type { LifeCycle } from '../../src/gateway/life-cycle.ts';
import { internalRoutes } from '../../src/gateway/internal-routes.ts';
import { namesOf } from '../../src/gateway/parameters.ts';
import type { RestContext } from '../../src/gateway/rest-routes.ts';
import { adminRoutes, publicRoutes } from '../../src/gateway/rest-routes.ts';
import type { Route } from '../../src/gateway/routes.ts';
import { ADMIN, ANYBODY, BIDDER, SELLER } from '../../src/gateway/user.ts';
import { decodeAs } from '../../src/protocol/frame.ts';
import { jsonFromFrame } from '../../src/protocol/json-codec.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { auctionView, listingText } from '../../src/protocol/views.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { listing, listingChange } from '../../src/protocol/listing.ts';
import { fencesOf, readDoc, sectionOf, tableOf } from './markdown.ts';

const doc = readDoc('rest.md');
// The routes are only listed here, none is run.
const none = { limits: GATEWAY_LIMITS } as RestContext;
const forAll = publicRoutes(none);
const internal = [
  ...internalRoutes({} as LifeCycle, () => [], {} as Parameters<typeof internalRoutes>[2]),
  ...adminRoutes(none),
];

const headingOf = ({ method, path }: Route): string => `${method} ${path}`;

/** Routes that both listeners have are told apart by a word. */
const internalHeading = (route: Route): string =>
  route.access === ADMIN ? `${headingOf(route)} (internal)` : headingOf(route);

test('every route has its section, and every section its route', () => {
  const headings = Array.from(doc.matchAll(/^### (.+)$/gm), ([, heading = '']) => heading);
  const routes = [...forAll.map(headingOf), ...internal.map(internalHeading)];
  assert.deepEqual(headings.toSorted(), routes.toSorted());
});

test('every section says who may', () => {
  const words = new Map<Route['access'], RegExp>([
    ['read', /^Reading\./],
    [BIDDER, /^Role `bidder`/],
    [SELLER, /^Role `seller`/],
    [ADMIN, /^Role `admin`/],
    [ANYBODY, /^Signed in\./],
  ]);
  for (const route of forAll) {
    const word = words.get(route.access);
    if (word !== undefined) assert.match(sectionOf(doc, headingOf(route)).trim(), word);
  }
  for (const route of internal.filter(({ access }) => access === ADMIN)) {
    assert.match(sectionOf(doc, internalHeading(route)).trim(), /^Role `admin`/);
  }
});

test('every parameter is named', () => {
  for (const route of forAll) {
    const section = sectionOf(doc, headingOf(route));
    for (const name of namesOf(route.query))
      assert.ok(section.includes(`\`${name}\``), `${name} in ${section}`);
  }
});

test('the bodies in the examples are taken, and the answers could be given', () => {
  const bodyOf = (heading: string): unknown => {
    const [, body = ''] = /-d '([^']*)'/.exec(sectionOf(doc, heading)) ?? [];
    return JSON.parse(body);
  };
  listing.check(bodyOf('POST /v1/auctions'), 'named');
  listingChange.check(bodyOf('PUT /v1/auctions/{id}'), 'named');
  const ids = { id: 1, auctionId: '7hK2mQ9xT4bW8cR5vN1zLp' };
  PLACE_BID.fromNamed({ ...(bodyOf('POST /v1/auctions/{id}/bids') as object), ...ids }, true);

  const answerOf = (heading: string): Record<string, unknown> => {
    const fence = fencesOf(sectionOf(doc, heading)).find(({ language }) => language === 'json');
    return JSON.parse(fence?.text ?? '') as Record<string, unknown>;
  };
  const { description, category, ...view } = answerOf('POST /v1/auctions');
  auctionView.check({ ...view, leadingBidder: 0 }, 'named');
  listingText.check({ title: view['title'], description, category }, 'named');
  const writer = new MsgpackWriter();
  const answer = answerOf('POST /v1/auctions/{id}/bids');
  ANSWER.write(writer, ANSWER.fromNamed({ id: 1, ...answer }, true));
  assert.equal(decodeAs(ANSWER, writer.view()).code, 0);
  const context = { auctionIdOf: () => undefined, endsAtMsOf: () => undefined, nowMs: () => 0 };
  assert.deepEqual(JSON.parse(jsonFromFrame(writer.view(), context)), {
    type: 'answer',
    id: 1,
    ...answer,
  });
});

test('the example of an error and the table of statuses agree with the table of refusals', () => {
  const section = sectionOf(doc, 'Errors');
  const error = JSON.parse(fencesOf(section)[0]?.text ?? '') as Record<string, unknown>;
  const { code, message, retryable } = REFUSALS.MALFORMED;
  assert.deepEqual(
    [error['code'], error['name'], error['message'], error['retryable']],
    [code, 'MALFORMED', message, retryable],
  );
  const rows = tableOf(section);
  const told = rows.map(([statuses = '']) => statuses).join(' ');
  for (const [name, { http }] of Object.entries(REFUSALS)) {
    assert.ok(told.includes(`${http}`), `${name} has the status ${http}`);
  }
  for (const [status, when = ''] of rows.filter(([text]) => text === '403' || text === '429')) {
    const codes = Object.values(REFUSALS).filter(({ http }) => `${http}` === status);
    for (const refusal of codes) assert.ok(when.includes(`${refusal.code}`), `${refusal.code}`);
  }
});
