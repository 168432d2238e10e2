/** What people keep, given some of them: watchlists, saved searches, feedback; the same after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeopleAnswers, PeopleRequest } from '../../src/account/people-requests.ts';
import { DAY_MS, PEOPLE } from '../../src/config/limits.ts';
import type { Accounts } from './fixture.ts';
import { accounts, ANN, ask, register, shape, START_MS, taken } from './fixture.ts';

const LAMP = 'lamp000000000000000000';
const watch = (userId: string, auctionId: string) =>
  ({ kind: 'watch', userId, auctionId }) as const;
const list = (userId: string, cursor: string | null = null, limit = 100) =>
  ({ kind: 'watchlist', userId, cursor, limit }) as const;

function watched(given: Accounts, userId: string): string[] {
  return taken<'watchlist'>(given, list(userId)).watched.map(({ auctionId }) => auctionId);
}

/** Ann bought from Sam; both keep their accounts elsewhere. */
const bought = (over: Partial<Extract<PeopleRequest, { kind: 'leaveFeedback' }>> = {}) =>
  ({
    kind: 'leaveFeedback',
    userId: 'ann',
    about: 'sam',
    auctionId: LAMP,
    as: 'buyer',
    soldAtMs: START_MS,
    rating: 1,
    text: 'Just as described.',
    ...over,
  }) as const;

test('a watchlist holds what was added, once, the newest first, also after a restart', () => {
  const given = accounts();
  for (const id of ['a', 'b', 'c', 'b']) {
    taken<'watch'>(given, watch('ann', id));
    given.forward(10);
  }
  taken<'unwatch'>(given, { kind: 'unwatch', userId: 'ann', auctionId: 'a' });
  taken<'unwatch'>(given, { kind: 'unwatch', userId: 'ann', auctionId: 'never' });
  assert.deepEqual(watched(given, 'ann'), ['c', 'b']);
  assert.deepEqual(watched(given, 'bob'), []);
  assert.equal(given.events.length, 5, 'what changes nothing is not logged');
  const then = given.restarted();
  assert.deepEqual(watched(then, 'ann'), ['c', 'b']);
  assert.deepEqual(shape(then.state), shape(given.state));
});

test('400 auctions may be watched, and another one after one was taken off', () => {
  const given = accounts();
  const ids = Array.from({ length: PEOPLE.watchedMax }, (_, i) => `auction-${i}`);
  given.people.handleAll(ids.map((id) => watch('ann', id)));
  assert.equal(ask<'watch'>(given, watch('ann', 'more')).refusal, 'WATCHLIST_FULL');
  assert.equal(ask<'watch'>(given, watch('ann', 'auction-7')).refusal, null);
  taken<'unwatch'>(given, { kind: 'unwatch', userId: 'ann', auctionId: 'auction-7' });
  assert.equal(ask<'watch'>(given, watch('ann', 'more')).refusal, null);
});

test('what comes together is one batch of the log', () => {
  const given = accounts();
  given.people.handleAll(['ann', 'bob', 'carol'].map((userId) => watch(userId, LAMP)));
  const batches = [...given.journal.scan(1 as never)];
  assert.equal(batches.length, 1);
  assert.equal(batches[0]?.count, 6);
});

test('pages together give the whole list once, also where many were added at one moment', () => {
  const given = accounts();
  const all: string[] = [];
  for (let moment = 0; moment < 6; moment++) {
    const ids = Array.from({ length: 1 + moment * 2 }, (_, i) => `auction-${moment}-${i}`);
    given.people.handleAll(ids.map((id) => watch('ann', id)));
    all.unshift(...ids.toReversed());
    given.forward(1);
  }
  for (const limit of [1, 2, 3, 5, 100]) {
    const seen: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page: PeopleAnswers['watchlist'] = taken(given, list('ann', cursor, limit));
      assert.ok(page.watched.length <= limit);
      assert.equal(page.total, all.length);
      seen.push(...page.watched.map(({ auctionId }) => auctionId));
      cursor = page.next;
      if (cursor === null) break;
    }
    assert.deepEqual(seen, all);
  }
  assert.equal(ask<'watchlist'>(given, list('ann', 'nonsense')).refusal, 'CURSOR');
});

test('searches are saved, shown and dropped, up to a number', () => {
  const given = accounts();
  const save = { kind: 'saveSearch', userId: 'ann', name: 'Lamps', query: 'q=lamp' } as const;
  const { id } = taken<'saveSearch'>(given, save);
  const searches = (): readonly { readonly id: string }[] =>
    taken<'searches'>(given, { kind: 'searches', userId: 'ann' }).searches;
  assert.deepEqual(searches(), [{ id, name: 'Lamps', query: 'q=lamp', savedAtMs: START_MS }]);
  const drop = { kind: 'dropSearch', userId: 'ann', search: id } as const;
  assert.equal(ask<'dropSearch'>(given, { ...drop, userId: 'bob' }).refusal, 'SEARCH_UNKNOWN');
  taken<'dropSearch'>(given, drop);
  assert.equal(ask<'dropSearch'>(given, drop).refusal, 'SEARCH_UNKNOWN');
  assert.deepEqual(searches(), []);
  given.people.handleAll(Array.from({ length: PEOPLE.searchesMax }, () => save));
  assert.equal(ask<'saveSearch'>(given, save).refusal, 'SEARCHES_FULL');
  assert.deepEqual(shape(given.restarted().state), shape(given.state));
});

test('each side of a sale leaves feedback once, within 60 days', () => {
  const given = accounts();
  given.forward(PEOPLE.feedbackWithinMs);
  assert.equal(ask<'leaveFeedback'>(given, bought()).refusal, null);
  assert.equal(ask<'leaveFeedback'>(given, bought({ rating: -1 })).refusal, 'FEEDBACK_GIVEN');
  const back = bought({ userId: 'sam', about: 'ann', as: 'seller' });
  assert.equal(ask<'leaveFeedback'>(given, back).refusal, null);
  given.forward(1);
  const late = bought({ auctionId: 'other', userId: 'bob' });
  assert.equal(ask<'leaveFeedback'>(given, late).refusal, 'FEEDBACK_TOO_LATE');
  const sales = { kind: 'feedbackMissing', userId: 'ann', auctionIds: [LAMP, 'other'] } as const;
  assert.deepEqual(taken<'feedbackMissing'>(given, sales), { auctionIds: ['other'] });
  assert.deepEqual(shape(given.restarted().state), shape(given.state));
});

test('others see no author, and the auction of a sale only; the person sees both', () => {
  const given = accounts();
  taken<'leaveFeedback'>(given, bought());
  taken<'leaveFeedback'>(given, bought({ userId: 'sam', about: 'ann', as: 'seller', text: '' }));
  const shown = (userId: string, isOwn: boolean): unknown =>
    taken<'feedback'>(given, { kind: 'feedback', userId, isOwn, cursor: null, limit: 10 }).feedback;
  const atMs = START_MS;
  const toSam = { as: 'buyer', rating: 1, text: 'Just as described.', atMs, auctionId: LAMP };
  assert.deepEqual(shown('sam', false), [toSam]);
  assert.deepEqual(shown('sam', true), [{ ...toSam, by: 'ann' }]);
  const toAnn = { as: 'seller', rating: 1, text: '', atMs };
  assert.deepEqual(shown('ann', false), [toAnn]);
  assert.deepEqual(shown('ann', true), [{ ...toAnn, auctionId: LAMP, by: 'sam' }]);
});

test('a profile says since when, and what the feedback comes to; strangers look like newcomers', async () => {
  const given = accounts();
  const userId = await register(given);
  given.forward(5);
  taken<'leaveFeedback'>(given, bought({ about: userId }));
  const profile = taken<'publicProfile'>(given, { kind: 'publicProfile', userId });
  const { feedback, ...person } = profile;
  assert.deepEqual(person, { userId, displayName: ANN.displayName, memberSinceMs: START_MS });
  assert.equal(feedback.score, 1);
  assert.equal(feedback.positivePercent, 100);
  const of = (other: string): object =>
    taken<'publicProfile'>(given, { kind: 'publicProfile', userId: other });
  // A guest who was rated, and somebody who never was here.
  assert.deepEqual(Object.keys(of('ann')), ['userId', 'feedback']);
  assert.deepEqual({ ...of('nobody'), userId: '' }, { ...of('ann'), userId: '' });
});

test('who is deleted leaves the ratings of others, and nothing else', async () => {
  const given = accounts();
  const ann = await register(given);
  const bob = await register(given, { email: 'bob@example.com' });
  taken<'watch'>(given, watch(ann, LAMP));
  taken<'saveSearch'>(given, { kind: 'saveSearch', userId: ann, name: 'Lamps', query: 'q=lamp' });
  taken<'leaveFeedback'>(given, bought({ userId: ann, about: bob }));
  taken<'leaveFeedback'>(given, bought({ userId: bob, about: ann, as: 'seller' }));
  await given.desk.handle({ kind: 'delete', userId: ann, password: ANN.password });
  for (const now of [given, given.restarted()]) {
    assert.deepEqual(watched(now, ann), []);
    assert.deepEqual(taken<'searches'>(now, { kind: 'searches', userId: ann }).searches, []);
    const toBob = { kind: 'feedback', userId: bob, isOwn: true, cursor: null, limit: 10 } as const;
    const [left] = taken<'feedback'>(now, toBob).feedback;
    assert.deepEqual(left, { as: 'buyer', rating: 1, text: '', atMs: START_MS, auctionId: LAMP });
    const gone = taken<'publicProfile'>(now, { kind: 'publicProfile', userId: ann });
    assert.equal(gone.feedback.positive, 0);
    assert.equal(ask<'watch'>(now, watch(ann, LAMP)).refusal, 'ACCOUNT_UNKNOWN');
    const about = bought({ userId: 'carol', about: ann, auctionId: 'other' });
    assert.equal(ask<'leaveFeedback'>(now, about).refusal, 'ACCOUNT_UNKNOWN');
  }
  assert.deepEqual(shape(given.restarted().state), shape(given.state));
});

test('a guest is no account: nobody signs in as one, and tokens of it are not ended by a start', async () => {
  const given = accounts();
  taken<'watch'>(given, watch('ann', LAMP));
  const { refusal } = await given.desk.handle({ kind: 'profile', userId: 'ann' });
  assert.equal(refusal, 'ACCOUNT_UNKNOWN');
  const deleted = await given.desk.handle({ kind: 'delete', userId: 'ann', password: '' });
  assert.equal(deleted.refusal, 'ACCOUNT_UNKNOWN');
  given.forward(DAY_MS);
  assert.deepEqual(watched(given.restarted(), 'ann'), [LAMP]);
});
