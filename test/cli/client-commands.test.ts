/** Commands that talk to a server: what they send, what they say, and their exit codes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WIRE } from '../../src/config/limits.ts';
import { openDataFolder } from '../../src/journal/data-folder.ts';
import { ANSWERED, AUCTION_ID, SHOWN, fakeServer } from './fake-server.ts';
import type { Answerer, FakeServer } from './fake-server.ts';
import { gavel } from './fake-terminal.ts';
import type { Ran } from './fake-terminal.ts';

const shown = { status: 200, body: SHOWN };

/** Answers GET with the auction, and everything else with what is given. */
function bids(given: ReturnType<Answerer>): Answerer {
  return ({ method }) => (method === 'GET' ? shown : given);
}

function refusal(status: number, name: string, more: object = {}): ReturnType<Answerer> {
  return { status, body: { code: 3011, name, message: 'It is so.', retryable: false, ...more } };
}

async function run(
  t: TestContext,
  answer: Answerer,
  ...args: string[]
): Promise<{ ran: Ran; server: FakeServer }> {
  const server = await fakeServer(t, answer);
  const env = { GAVEL_URL: server.url, GAVEL_TOKEN: 'token' };
  return { ran: await gavel(['auction', ...args], { env }), server };
}

test('create sends exact minor units and durations as times', async (t) => {
  const before = Date.now();
  const created: Answerer = () => ({ status: 201, body: SHOWN });
  const options = [
    '--start',
    '10.10',
    '--currency',
    'USD',
    '--ends-in',
    '10m',
    '--buy-now',
    '29.29',
  ];
  const { ran, server } = await run(
    t,
    created,
    'create',
    'Brass lamp',
    ...options,
    '--soft-close',
    '1m,2m,unlimited',
  );
  assert.equal(ran.code, 0, ran.err);
  const { body, authorization, path } = server.asked[0] ?? assert.fail('nothing was sent');
  assert.equal(path, '/v1/auctions');
  assert.equal(authorization, 'Bearer token');
  assert.equal(body['startPriceCents'], 1010);
  assert.equal(body['buyNowCents'], 2929);
  assert.deepEqual(body['softClose'], { windowMs: 60_000, extensionMs: 120_000 });
  assert.equal('reserveCents' in body, false);
  const endsInMs = (body['endsAtMs'] as number) - before;
  assert.ok(endsInMs >= 600_000 && endsInMs < 610_000);
  assert.match(ran.out, new RegExp(`Listed ${AUCTION_ID}: Brass lamp`));
  assert.match(ran.out, new RegExp(` auction bid ${AUCTION_ID} 13\\.00`));
});

const LASTING = ['--start', '10', '--currency', 'USD', '--ends-in', '10m'];

test('create sends the same key until it is answered, so that it lists once', async (t) => {
  const answer: Answerer = (_, count) => (count < 3 ? 'hang up' : { status: 201, body: SHOWN });
  const { ran, server } = await run(t, answer, 'create', 'Lamp', ...LASTING);
  assert.equal(ran.code, 0, ran.err);
  const keys = server.asked.map(({ key }) => key);
  // fetch itself sends a request again whose connection broke before anything came.
  assert.ok(keys.length >= 3);
  assert.match(keys[0] ?? '', /^[\x21-\x7e]{8,64}$/);
  assert.equal(new Set(keys).size, 1);
  const bodies = server.asked.map(({ body }) => JSON.stringify(body));
  assert.equal(new Set(bodies).size, 1);
});

test('create takes a nonce, and says it where the outcome stays open', async (t) => {
  // The answer is lost, and then the token is refused at the door.
  const answer: Answerer = (_, count) =>
    count < 2
      ? refusal(503, 'UNKNOWN_OUTCOME', { code: 9000 })
      : refusal(401, 'TOKEN_EXPIRED', { code: 4002 });
  const options = [...LASTING, '--nonce', 'my-nonce-3'];
  const { ran, server } = await run(t, answer, 'create', 'Lamp', ...options);
  assert.equal(ran.code, 75);
  assert.match(ran.err, /not known[\s\S]*--nonce my-nonce-3/);
  assert.deepEqual(
    server.asked.map(({ key }) => key),
    ['my-nonce-3', 'my-nonce-3'],
  );
});

test('the hints of create lead to the same server, and let somebody else bid', async (t) => {
  const server = await fakeServer(t, () => ({ status: 201, body: SHOWN }));
  const home = mkdtempSync(join(tmpdir(), 'gavel hints-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  openDataFolder(join(home, 'my data'), { shards: 1, shardsDefault: 1, nowMs: 1 });
  const hints = async (args: string[], env: Record<string, string> = {}): Promise<string[]> => {
    const command = ['auction', 'create', 'Lamp', ...LASTING, '--url', server.url, ...args];
    const { out, err } = await gavel(command, { env, folder: home });
    const lines = out.split('\n').filter((line) => line.includes('it: '));
    assert.equal(lines.length, 2, err);
    return lines.map((line) => line.replace(/^.* auction /, ''));
  };
  const where = `--url ${server.url} --data 'my data'`;
  assert.deepEqual(await hints(['--data', 'my data', '--as', 'bob']), [
    `watch ${AUCTION_ID} --as bob ${where}`,
    `bid ${AUCTION_ID} 13.00 --as carol ${where}`,
  ]);
  assert.deepEqual(await hints(['--set', 'data.folder=my data', '--set', 'auth.issuer=us']), [
    `watch ${AUCTION_ID} ${where} --set auth.issuer=us`,
    `bid ${AUCTION_ID} 13.00 --as bob ${where} --set auth.issuer=us`,
  ]);
  assert.deepEqual(await hints([], { GAVEL_TOKEN: 'token' }), [
    `watch ${AUCTION_ID} --url ${server.url}`,
    `bid ${AUCTION_ID} 13.00 --token TOKEN_OF_A_BIDDER --url ${server.url}`,
  ]);
});

test('titles that no server takes are told at once, with what to do', async (t) => {
  const max = WIRE.titleCharsMax;
  assert.match((await gavel(['auction', 'create', '--help'])).out, new RegExp(`up to ${max} char`));
  for (const title of ['', '  ', 'x'.repeat(max + 1)]) {
    const { ran, server } = await run(t, () => shown, 'create', title, ...LASTING);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /the title is (empty|too long)[\s\S]*1 to 120 characters/);
    assert.equal(server.asked.length, 0);
  }
  const created: Answerer = () => ({ status: 201, body: SHOWN });
  assert.equal((await run(t, created, 'create', 'x'.repeat(max), ...LASTING)).ran.code, 0);
});

test('create refuses what it cannot read, before anything is sent', async (t) => {
  const cases = [
    ['--start', '10.001', '--currency', 'USD', '--ends-in', '1m'],
    ['--start', '10', '--currency', 'usd', '--ends-in', '1m'],
    ['--start', '10', '--currency', 'USD', '--ends-in', '10'],
    ['--start', '10', '--currency', 'USD'],
    ['--start', '10', '--currency', 'USD', '--ends-in', '1m', '--ends-at', '2027-01-01T00:00:00Z'],
    ['--start', '10', '--currency', 'USD', '--ends-at', 'tomorrow'],
    ['--start', '10', '--currency', 'USD', '--ends-in', '1m', '--format', 'dutch'],
    ['--start', '10', '--currency', 'USD', '--ends-in', '1m', '--soft-close', '1m,1m,many'],
    ['--currency', 'USD', '--ends-in', '1m'],
  ];
  for (const options of cases) {
    const { ran, server } = await run(t, () => shown, 'create', 'Lamp', ...options);
    assert.equal(ran.code, 2, options.join(' '));
    assert.equal(server.asked.length, 0);
  }
});

test('show prints the auction for people and for scripts', async (t) => {
  const { ran } = await run(t, () => shown, 'show', AUCTION_ID);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /price +12\.50 USD +\(2 bids\)/);
  assert.match(ran.out, /leading +bidder 7\n/);
  const told = { status: 200, body: { ...SHOWN, leadingBidderId: 'bob' } };
  const { ran: bySeller } = await run(t, () => told, 'show', AUCTION_ID);
  assert.match(bySeller.out, /leading +bidder 7 \(bob\)\n/);
  const json = await run(t, () => shown, 'show', AUCTION_ID, '--json');
  assert.deepEqual(JSON.parse(json.ran.out), SHOWN);
});

test('bid sends the amount in the currency of the auction, with a nonce', async (t) => {
  const { ran, server } = await run(
    t,
    bids({ status: 200, body: ANSWERED }),
    'bid',
    AUCTION_ID,
    '13',
  );
  assert.equal(ran.code, 0, ran.err);
  assert.equal(ran.out, 'You lead at 13.00 USD; your next bid is at least 13.50 USD.\n');
  const { path, body } = server.asked[1] ?? assert.fail('nothing was sent');
  assert.equal(path, `/v1/auctions/${AUCTION_ID}/bids`);
  assert.match(String(body['nonce']), /^[\x21-\x7e]{8,64}$/);
  assert.deepEqual({ ...body, nonce: '' }, { amountCents: 1300, currency: 'USD', nonce: '' });
});

test('bid passes on --confirm, --dry-run and --nonce', async (t) => {
  const answer = bids({ status: 200, body: ANSWERED });
  const options = ['--confirm', '--dry-run', '--nonce', 'my-nonce-1'];
  const { ran, server } = await run(t, answer, 'bid', AUCTION_ID, '13.00', ...options);
  assert.match(
    ran.out,
    /^A dry run: this bid would be accepted now; the price is 13\.00 USD\. Nothing was bid\./,
  );
  const { confirm, dryRun, nonce } = server.asked[1]?.body ?? {};
  assert.deepEqual([confirm, dryRun, nonce], [true, true, 'my-nonce-1']);
});

test('a refused bid says why and what to try, with exit code 1', async (t) => {
  const answer = bids(refusal(409, 'BID_TOO_LOW', { minimumNextCents: 1350 }));
  const { ran } = await run(t, answer, 'bid', AUCTION_ID, '13.00');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /Refused: BID_TOO_LOW\. It is so\./);
  assert.match(ran.err, /The next bid is at least 13\.50 USD\./);
  const json = await run(t, answer, 'bid', AUCTION_ID, '13.00', '--json');
  assert.equal(json.ran.code, 1);
  assert.equal((JSON.parse(json.ran.out) as { name: string }).name, 'BID_TOO_LOW');
  for (const [more, told] of [
    [{ field: 'amountCents', reason: 'must be more' }, 'It is so. (amountCents must be more)'],
    [{ reason: 'the role bidder is needed' }, 'It is so. (the role bidder is needed)'],
  ] as const) {
    const { ran: detailed } = await run(t, () => refusal(403, 'NO', more), 'show', AUCTION_ID);
    assert.ok(detailed.err.includes(`Refused: NO. ${told}`), detailed.err);
  }
  const confirm = await run(t, bids(refusal(409, 'CONFIRMATION_NEEDED')), 'bid', AUCTION_ID, '900');
  assert.match(confirm.ran.err, /--confirm/);
});

test('a receipt goes to a new file, of a refused bid too; without one no file is left', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-receipt-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bidInto = async (name: string, answer: Answerer, ...more: string[]): Promise<Ran> => {
    const { url } = await fakeServer(t, answer);
    const env = { GAVEL_URL: url, GAVEL_TOKEN: 'token' };
    const args = ['auction', 'bid', AUCTION_ID, '13', '--receipt', name, ...more];
    return gavel(args, { env, folder });
  };
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

  const signed: Answerer = ({ method, path }) =>
    method === 'GET'
      ? shown
      : {
          status: 200,
          body: { ...ANSWERED, receipt: path.endsWith('?receipt=true') ? 'a.b.c' : '' },
        };
  const taken = await bidInto('one', signed, '--json');
  assert.equal(taken.code, 0, taken.err);
  assert.equal(read('one'), 'a.b.c\n');
  assert.equal('receipt' in (JSON.parse(taken.out) as object), false);

  const again = await bidInto('one', () => assert.fail('nothing may be sent'));
  assert.equal(again.code, 2);
  assert.match(again.err, /one is there already/);
  assert.equal(read('one'), 'a.b.c\n');

  const low = bids(refusal(409, 'BID_TOO_LOW', { record: 9, receipt: 'd.e.f' }));
  assert.equal((await bidInto('two', low)).code, 1);
  assert.equal(read('two'), 'd.e.f\n');

  const late = await bidInto('three', bids({ status: 200, body: { ...ANSWERED, receipt: null } }));
  assert.equal(late.code, 0);
  assert.match(late.err, /bids\/9\/receipt gives it later/);
  assert.equal((await bidInto('four', bids(refusal(403, 'BIDDER_BLOCKED')))).code, 1);
  assert.equal((await bidInto('five', signed, '--dry-run')).code, 2);
  assert.equal(
    (await bidInto('no/such/folder', () => assert.fail('nothing may be sent'))).code,
    74,
  );
  assert.deepEqual(readdirSync(folder).toSorted(), ['one', 'two']);
});

test('a refusal that passes has exit code 75, and a velocity limit is not tried again', async (t) => {
  const { ran, server } = await run(
    t,
    bids(refusal(429, 'VELOCITY_LIMIT')),
    'bid',
    AUCTION_ID,
    '13',
  );
  assert.equal(ran.code, 75);
  assert.equal(server.asked.length, 2);
});

test('a bid whose connection breaks is sent again with the same nonce', async (t) => {
  const answer: Answerer = ({ method }, count) => {
    if (method === 'GET') return shown;
    return count < 4 ? 'hang up' : { status: 200, body: ANSWERED };
  };
  const { ran, server } = await run(t, answer, 'bid', AUCTION_ID, '13');
  assert.equal(ran.code, 0, ran.err);
  const nonces = server.asked
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => body['nonce']);
  assert.ok(nonces.length >= 2);
  assert.equal(new Set(nonces).size, 1);
});

test(
  'an outcome that stays unknown is said to be so, with the nonce',
  { timeout: 30_000 },
  async (t) => {
    const answer = bids(refusal(503, 'UNKNOWN_OUTCOME'));
    const { ran } = await run(t, answer, 'bid', AUCTION_ID, '13', '--nonce', 'my-nonce-2');
    assert.equal(ran.code, 75);
    assert.match(ran.err, /not known whether this took effect/);
    assert.match(ran.err, /--nonce my-nonce-2/);
  },
);

test('buy-now, retract and cancel go to their own addresses', async (t) => {
  const bought = { ...ANSWERED, status: 'won', minimumNextCents: 0 };
  const buy = await run(t, bids({ status: 200, body: bought }), 'buy-now', AUCTION_ID);
  assert.equal(buy.ran.out, 'You won at 13.00 USD.\n');
  assert.equal(buy.server.asked[1]?.path, `/v1/auctions/${AUCTION_ID}/buy-now`);
  const retract = await run(t, bids({ status: 200, body: ANSWERED }), 'retract', AUCTION_ID);
  assert.match(retract.ran.out, /^Retracted\. /);
  assert.equal(retract.server.asked[1]?.path, `/v1/auctions/${AUCTION_ID}/retract`);
  const over = { status: 200, body: { ...SHOWN, status: 'cancelled' } };
  const cancel = await run(t, () => over, 'cancel', AUCTION_ID, '--sell');
  assert.equal(cancel.ran.out, 'Brass lamp: cancelled.\n');
  assert.deepEqual(cancel.server.asked[0]?.body, { how: 'sell' });
});

test('a server that is not there has exit code 69 and says how to start one', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const env = { GAVEL_URL: `http://127.0.0.1:${port}`, GAVEL_TOKEN: 'token' };
  for (const args of [
    ['show', AUCTION_ID],
    ['bid', AUCTION_ID, '1'],
  ]) {
    const ran = await gavel(['auction', ...args], { env });
    assert.equal(ran.code, 69, args[0]);
    assert.match(ran.err, /cannot be reached/);
    assert.match(ran.err, /gavel serve/);
  }
});

test('a port at which no server can be is told to be so', async () => {
  const options = ['--url', 'http://127.0.0.1:1', '--token', 'token'];
  const ran = await gavel(['auction', 'show', AUCTION_ID, ...options]);
  assert.equal(ran.code, 69);
  assert.match(ran.err, /this port may not be used/);
});

test('what is no gavel server, no id, no address and no token is said to be so', async (t) => {
  const other = await run(t, () => ({ status: 200, body: [] }), 'show', AUCTION_ID);
  assert.notEqual(other.ran.code, 0);
  assert.equal((await run(t, () => shown, 'show', 'lamp')).ran.code, 2);
  assert.equal((await gavel(['auction', 'show', AUCTION_ID, '--url', 'ftp://x'])).code, 2);
  const tokenless = await gavel(['auction', 'show', AUCTION_ID]);
  assert.equal(tokenless.code, 2);
  assert.match(tokenless.err, /--token or GAVEL_TOKEN/);
});

test('a token that is refused says how to get another', async (t) => {
  const { ran } = await run(t, () => refusal(401, 'TOKEN_EXPIRED'), 'show', AUCTION_ID);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /gavel token --sub NAME/);
});

const WATCHED = { ...SHOWN, watchedAtMs: 1, ownBids: 1 };

test('watchlist shows all pages of it, with how each auction stands', async (t) => {
  const other = { auctionId: 'b'.repeat(22), watchedAtMs: 0 };
  const next = `1-${AUCTION_ID}`;
  const server = await fakeServer(t, ({ path }) =>
    path.includes('cursor')
      ? { status: 200, body: { auctions: [other], next: null } }
      : { status: 200, body: { auctions: [WATCHED], next } },
  );
  const env = { GAVEL_URL: server.url, GAVEL_TOKEN: 'token' };
  const text = await gavel(['watchlist'], { env });
  assert.equal(text.code, 0, text.err);
  assert.match(
    text.out,
    new RegExp(`^${AUCTION_ID}  .* USD  active until .*, outbid  Brass lamp$`, 'm'),
  );
  assert.match(text.out, /^b+ {2}\(not in the lists yet\)$/m);
  const paths = ['/v1/me/watchlist?limit=100', `/v1/me/watchlist?limit=100&cursor=${next}`];
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    paths,
  );
  const json = await gavel(['watchlist', '--json'], { env });
  assert.deepEqual(JSON.parse(json.out), { auctions: [WATCHED, other] });
});

test('watchlist add and remove say what holds now; what is wrong is said before it is sent', async (t) => {
  const server = await fakeServer(t, ({ method }) =>
    method === 'PUT' ? refusal(409, 'WATCHLIST_FULL') : { status: 200, body: {} },
  );
  const env = { GAVEL_URL: server.url, GAVEL_TOKEN: 'token' };
  const removed = await gavel(['watchlist', 'remove', AUCTION_ID], { env });
  assert.deepEqual(
    [removed.code, removed.out.trim()],
    [0, `${AUCTION_ID} is not on the watchlist.`],
  );
  const full = await gavel(['watchlist', 'add', AUCTION_ID], { env });
  assert.notEqual(full.code, 0);
  assert.match(full.err, /WATCHLIST_FULL/);
  const sent = server.asked.map(({ method, path }) => `${method} ${path}`);
  const path = `/v1/me/watchlist/${AUCTION_ID}`;
  assert.deepEqual(sent, [`DELETE ${path}`, `PUT ${path}`]);
  for (const wrong of [['add'], ['show', AUCTION_ID], ['add', 'short'], ['loose']]) {
    const { code, err } = await gavel(['watchlist', ...wrong], { env });
    assert.equal(code, 2, err);
  }
  assert.equal(server.asked.length, 2);
});
