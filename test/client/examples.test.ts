/** docs/examples: the page that watches and the program that bids, as they stand, against a server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from '../../src/client/client.ts';
import { nodeIn, temporaryFolder } from './test-node.ts';

const EXAMPLES = new URL('../../docs/examples/', import.meta.url);
const SDK = new URL('../../src/client/client.ts', import.meta.url).href;
const LINES_MAX = 20;
const run = promisify(execFile);

/** The script of the page, in a page of which only the texts are there: they are printed. */
function scriptOf(page: string, address: string): string {
  const [, script = ''] = /<script type="module">([^]*)<\/script>/.exec(page) ?? [];
  const ids = Array.from(page.matchAll(/ id="(\w+)"/g), ([, id]) => id);
  return `const location = { href: ${JSON.stringify(address)} };
    const element = (id) => ({ set textContent(text) { console.log(id + ' ' + text); } });
    const elements = new Map(${JSON.stringify(ids)}.map((id) => [id, element(id)]));
    const document = { getElementById: (id) => elements.get(id) };
    ${script.replace("'./gavel.js'", `'${SDK}'`)}`;
}

test(
  'the page shows what the bidder does, until the auction ends',
  { timeout: 60_000 },
  async (t) => {
    const folder = temporaryFolder(t);
    const node = await nodeIn(folder, 0, { 'server.allowAnonymous': 'true' });
    t.after(() => node.stop());
    const [sam, ann] = await Promise.all(
      (['seller', 'bidder'] as const).map(async (role) =>
        connect({ url: node.publicUrl, token: await node.tokenFor(role, [role]) }),
      ),
    );
    assert.ok(sam !== undefined && ann !== undefined);
    t.after(() => [sam, ann].forEach((gavel) => gavel.close()));
    const endsAtMs = (await sam.time()).serverTimeMs + 3_600_000;
    const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs };
    const { auctionId } = await sam.rest.createAuction(listing);

    const address = `http://page.test/?server=${node.publicUrl}&auction=${auctionId}`;
    const script = join(folder, 'page.mjs');
    const page = readFileSync(new URL('watch.html', EXAMPLES), 'utf8');
    writeFileSync(script, scriptOf(page, address));
    const shown = run(process.execPath, [script], { timeout: 60_000 });
    // The page is there before the first bid.
    while ((await sam.rest.auction(auctionId)).watchers === 0) await pause(100);
    const bidder = fileURLToPath(new URL('bidder.ts', EXAMPLES));
    const env = { ...process.env, TOKEN: await node.tokenFor('bob', ['bidder']) };
    const program = run(process.execPath, [bidder, node.publicUrl, auctionId, '1500'], {
      env,
      timeout: 30_000,
    });
    const priced = async (cents: number): Promise<void> => {
      for await (const state of sam.watch(auctionId)) if (state.currentPriceCents >= cents) return;
    };
    // Bob bids as soon as he is there, then above Ann's 12.00, and gives up above 15.00.
    for await (const { bidCount } of sam.watch(auctionId)) if (bidCount === 1) break;
    await ann.bid(auctionId, 1_200);
    await priced(1_250);
    await ann.bid(auctionId, 3_000);
    await priced(1_500);
    const { currentPriceCents } = await ann.get(auctionId);
    await sam.rest.cancelAuction(auctionId, 'sell');
    const { stdout: said } = await program;
    assert.match(said, /^bid 1000 leading\n(bid \d+ \w+\n)+too much: 1550\nlost \d+\n$/);
    assert.ok(said.endsWith(`lost ${currentPriceCents}\n`), said);
    const { stdout } = await shown;
    assert.match(stdout, /^title A watch: active\nprice 10.00 EUR$/m);
    assert.ok(stdout.includes('title A watch: sold'), stdout);
    assert.ok(stdout.includes(`price ${(currentPriceCents / 100).toFixed(2)} EUR`), stdout);
    assert.match(stdout, /^left \d+ s$/m);
  },
);

test('the examples stay short', () => {
  for (const name of ['watch.html', 'bidder.ts']) {
    const lines = readFileSync(new URL(name, EXAMPLES), 'utf8').trimEnd().split('\n').length;
    assert.ok(lines <= LINES_MAX, `${name}: ${lines}`);
  }
});
