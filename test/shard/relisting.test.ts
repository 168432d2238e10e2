/** Additions and relisting in a shard: over messages, with repeats, and after a recovery. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stateHash } from '../../src/auction/state-hash.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { MemoryStateStore } from '../../src/journal/memory-state-store.ts';
import { ADD_TO_DESCRIPTION } from '../../src/protocol/messages/add-to-description.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { CHANGE_AUCTION } from '../../src/protocol/messages/change-auction.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import type { RelistAuction } from '../../src/protocol/messages/relist-auction.ts';
import { RELIST_AUCTION } from '../../src/protocol/messages/relist-auction.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import type { Delivered } from './fixture.ts';
import { AUCTION, auctionId, NO_CHANGES, SELLER, ShardFixture } from './fixture.ts';

const NEW = auctionId(7);

interface Shown {
  readonly title: string;
  readonly description: string;
  readonly additions: readonly { readonly atMs: number; readonly text: string }[] | null;
  readonly relistOf: string | null;
}

const textOf = (fixture: ShardFixture, id = AUCTION): Shown =>
  fixture.ask(GET, 0, { auctionId: id }).fields['text'] as Shown;

const codeOf = ({ fields }: Delivered): unknown => fields['code'];

function add(fixture: ShardFixture, text: string, user = SELLER): Delivered {
  return fixture.ask(ADD_TO_DESCRIPTION, user, { auctionId: AUCTION, text });
}

function cancel(fixture: ShardFixture, id = AUCTION): void {
  fixture.ask(CANCEL_AUCTION, SELLER, { auctionId: id, how: 'cancel', asAdmin: false });
}

function relist(
  fixture: ShardFixture,
  changes: Partial<RelistAuction['changes']> = {},
  newAuctionId = NEW,
  user = SELLER,
): Delivered {
  const asked = { auctionId: AUCTION, newAuctionId, changes: { ...NO_CHANGES, ...changes } };
  return fixture.ask(RELIST_AUCTION, user, asked);
}

describe('additions', () => {
  it('are shown with their time, survive a change, and the same words count once', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const atMs = Math.floor(fixture.nowUs / 1000);
    assert.equal(textOf(fixture).additions, null);
    assert.equal(add(fixture, 'It ticks.').name, 'auction');
    assert.equal(add(fixture, 'It ticks.').name, 'auction');
    const changes = { ...NO_CHANGES, description: 'Runs.' };
    fixture.ask(CHANGE_AUCTION, SELLER, { auctionId: AUCTION, changes });
    fixture.bid(1, 2_000);
    assert.equal(add(fixture, 'It is loud.').name, 'auction');
    const { description, additions } = textOf(fixture);
    assert.equal(description, 'Runs.');
    const expected = ['It ticks.', 'It is loud.'];
    assert.deepEqual(
      additions?.map(({ text }) => text),
      expected,
    );
    assert.ok(additions?.every((one) => one.atMs >= atMs));
    assert.equal(codeOf(add(fixture, 'Mine.', 5)), REFUSALS.NOT_YOUR_AUCTION.code);
    assert.equal(codeOf(add(fixture, 'It ticks.', 5)), REFUSALS.NOT_YOUR_AUCTION.code);
  });

  it('say which field is wrong', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const { fields } = add(fixture, ' ');
    assert.deepEqual(
      [fields['code'], fields['field'], fields['reason']],
      [REFUSALS.INVALID_LISTING.code, 'text', 'must not be empty'],
    );
  });

  it('are refused where bidders could not see them in time, and beyond ten', () => {
    const fixture = new ShardFixture();
    fixture.list({ endsAtMs: Math.floor(fixture.nowUs / 1000) + 3_600_000 });
    fixture.bid(1, 2_000);
    assert.equal(codeOf(add(fixture, 'Late.')), REFUSALS.ADDITION_TOO_LATE.code);
    const other = new ShardFixture();
    other.list();
    for (let i = 0; i < 10; i++) assert.equal(add(other, `${i}.`).name, 'auction');
    assert.equal(codeOf(add(other, 'One more.')), REFUSALS.TOO_MANY_ADDITIONS.code);
  });
});

describe('relisting', () => {
  it('makes a new auction of the old one, from now and for as long, with what is changed', () => {
    const fixture = new ShardFixture();
    fixture.list({ reserveCents: 5_000, condition: 'used', buyNowCents: 9_000 });
    add(fixture, 'It ticks.');
    cancel(fixture);
    fixture.tickAt(Math.floor(fixture.nowUs / 1000) + 5 * 86_400_000);
    const nowMs = Math.floor(fixture.nowUs / 1000);
    const { name, fields } = relist(fixture, { title: 'A better watch', reserveCents: 0 });
    assert.equal(name, 'auction');
    const view = fields['auction'] as Record<string, unknown>;
    assert.deepEqual(
      [
        view['auctionId'],
        view['status'],
        view['hasReserve'],
        view['buyNowCents'],
        view['bidCount'],
      ],
      [NEW, 'active', false, 9_000, 0],
    );
    assert.deepEqual(
      [view['title'], view['startsAtMs'], view['endsAtMs']],
      ['A better watch', nowMs, nowMs + 86_400_000],
    );
    const text = fields['text'] as Shown;
    assert.deepEqual([text.relistOf, text.additions?.[0]?.text], [AUCTION, 'It ticks.']);
    assert.equal(fixture.ask(GET, 0, { auctionId: AUCTION }).fields['relistedAs'], NEW);
    const changes = { ...NO_CHANGES, title: 'Again' };
    fixture.ask(CHANGE_AUCTION, SELLER, { auctionId: NEW, changes });
    assert.equal(textOf(fixture, NEW).relistOf, AUCTION, 'a change leaves the link');
  });

  it('answers the same request with the same auction, and another with a refusal', () => {
    const fixture = new ShardFixture();
    fixture.list();
    cancel(fixture);
    relist(fixture);
    const auctions = fixture.state.auctionCount;
    const again = relist(fixture, { title: 'Another' });
    assert.equal((again.fields['auction'] as { auctionId: string }).auctionId, NEW);
    assert.equal((again.fields['text'] as Shown).title, 'A watch');
    assert.equal(codeOf(relist(fixture, {}, auctionId(8))), REFUSALS.ALREADY_RELISTED.code);
    assert.equal(codeOf(relist(fixture, {}, NEW, 5)), REFUSALS.NOT_YOUR_AUCTION.code);
    assert.equal(fixture.state.auctionCount, auctions);
  });

  it('is refused for what runs, what is unknown, and a listing that breaks a rule', () => {
    const fixture = new ShardFixture();
    assert.equal(codeOf(relist(fixture)), REFUSALS.AUCTION_UNKNOWN.code);
    fixture.list();
    assert.equal(codeOf(relist(fixture)), REFUSALS.NOT_TO_RELIST.code);
    cancel(fixture);
    const { fields } = relist(fixture, { buyNowCents: 1_001 });
    assert.deepEqual(
      [fields['code'], fields['field']],
      [REFUSALS.INVALID_LISTING.code, 'buyNowCents'],
    );
    assert.equal(fixture.state.auctionCount, 1);
  });

  it('is there after a stop, from the log, from a snapshot and from both', () => {
    const journal = new MemoryJournal();
    const store = new MemoryStateStore();
    const fixture = new ShardFixture({ journal });
    const snapshotter = new Snapshotter(fixture.state, store);
    const snapshot = (): void => {
      snapshotter.begin(journal.committedSeq);
      while (snapshotter.slice(journal.committedSeq));
    };
    const check = (): void => {
      const expected = stateHash(fixture.state.auctions());
      assert.equal(stateHash(recover(journal, null).state.auctions()), expected);
      assert.equal(stateHash(recover(journal, store).state.auctions()), expected);
    };
    fixture.list();
    add(fixture, 'It ticks.');
    cancel(fixture);
    snapshot();
    relist(fixture);
    check();
    snapshot();
    check();
    const { state } = recover(journal, store);
    assert.equal(state.auctionById(AUCTION as never)?.relistedAs, NEW);
  });
});
