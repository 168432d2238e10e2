/**
 * Receipts of a real server: given under load, the same after kill -9, borne out by the log and by
 * the report on the auction; and told from a log that was restored to before them.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { GET_RECEIPT } from '../../src/protocol/messages/get-receipt.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { gavel, root, Server, temporaryFolder, tokenFor, UNLIMITED, until } from './harness.ts';
import { list, rest, WireClient } from './wire-client.ts';

const ROUNDS = 25;
const BIDDERS = 4;
const AUCTION_MS = 12_000;
const options = { env: { ...UNLIMITED, GAVEL_DATA_SHARDS: '2' } };

interface Receipt {
  readonly record: number;
  readonly bidder: number;
  readonly text: string;
}

let ids = 0;

/** One bid after the other, refused ones too, each with its receipt: over a socket, or REST. */
async function bidAndKeep(
  url: string,
  token: string,
  auctionId: string,
  bidder: number,
): Promise<Receipt[]> {
  const kept: Receipt[] = [];
  const socket = bidder % 2 === 0 ? await WireClient.connect(url, token) : null;
  for (let round = 0; round < ROUNDS; round++) {
    const amountCents = 1_000 + round * 300 + bidder * 70;
    const nonce = `nonce-${bidder}-${round}`;
    if (socket === null) {
      const path = `/v1/auctions/${auctionId}/bids?receipt=true`;
      const { body } = await rest(url, token, 'POST', path, { nonce, amountCents });
      const { record, receipt } = body as { record: number; receipt: string };
      kept.push({ record, bidder, text: receipt });
    } else {
      const value = { auctionId, nonce, amountCents, currency: null, confirm: null, dryRun: null };
      const { fields } = await socket.ask(PLACE_BID, { ...value, id: ++ids });
      const record = fields['record'] as number;
      const asked = await socket.ask(GET_RECEIPT, { id: ++ids, auctionId, record });
      assert.equal(asked.name, 'receipt', asked.raw);
      kept.push({ record, bidder, text: asked.fields['receipt'] as string });
    }
  }
  socket?.close();
  return kept;
}

test(
  'receipts survive kill -9 character by character, and log and report bear them out',
  { timeout: 120_000 },
  async (t) => {
    const data = temporaryFolder();
    const home = dirname(data);
    let server = await Server.start({ ...options, data });
    t.after(() => server.kill());
    const seller = await tokenFor(data, 'seller', ['seller']);
    const tokens = await Promise.all(
      Array.from({ length: BIDDERS }, (_, i) => tokenFor(data, `bidder-${i}`)),
    );
    const softClose = { windowMs: 0, extensionMs: 0, extensionsMax: 0 };
    const endsAtMs = Date.now() + AUCTION_MS;
    const listed = await list(server.url, seller, { endsAtMs, softClose, format: 'proxy' });
    const auctionId = listed['auctionId'] as string;
    const saved = await rest(server.url, seller, 'GET', '/v1/keys');
    writeFileSync(join(home, 'keys.json'), saved.text);
    const keys = ['--keys', join(home, 'keys.json')];

    // A state before the bids, to be restored later.
    const before = join(home, 'before');
    const copied = await gavel('snapshot', before, '--data', data);
    assert.equal(copied.code, 0, copied.err);

    const kept = (
      await Promise.all(
        tokens.map((token, bidder) => bidAndKeep(server.url, token, auctionId, bidder)),
      )
    ).flat();
    await server.kill();
    server = await Server.start({ ...options, data });

    assert.equal(kept.length, ROUNDS * BIDDERS);
    for (const { record, bidder, text } of kept) {
      const path = `/v1/auctions/${auctionId}/bids/${record}/receipt`;
      const { body } = await rest(server.url, tokens[bidder] as string, 'GET', path);
      assert.equal(body['receipt'], text, `record ${record}`);
    }
    const { record, bidder, text } = kept.at(-1) as Receipt;
    const path = `/v1/auctions/${auctionId}/bids/${record}/receipt`;
    const stranger = await rest(server.url, tokens[bidder === 0 ? 1 : 0] as string, 'GET', path);
    assert.deepEqual([stranger.status, stranger.body['name']], [404, 'RECORD_UNKNOWN']);

    // The log bears it out, beside the running server.
    const good = await gavel('verify', '--receipt', text, ...keys, '--data', data);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /The receipt is genuine, and the log bears it out/);

    // So does the report, once the auction is over.
    const reportPath = `/v1/auctions/${auctionId}/report`;
    const report = await until(
      'the report',
      async () => {
        const answer = await rest(server.url, seller, 'GET', reportPath);
        if (answer.status === 200) return answer.text;
        assert.equal(answer.body['name'], 'AUCTION_NOT_OVER', answer.text);
        return undefined;
      },
      AUCTION_MS + 20_000,
    );
    const admin = await tokenFor(data, 'admin', ['admin']);
    assert.equal((await rest(server.url, admin, 'GET', reportPath)).text, report);
    const offline = await gavel('report', auctionId, '--data', data);
    assert.equal(offline.out, report, offline.err);
    writeFileSync(join(home, 'report.json'), report);
    for (const [i, receipt] of kept.entries()) writeFileSync(join(home, `${i}.txt`), receipt.text);
    const script = join(root, 'docs/examples/check-report.mjs');
    const args = [script, 'report.json', 'keys.json', ...kept.map((_, i) => `${i}.txt`)];
    assert.match(execFileSync(process.execPath, args, { cwd: home }).toString(), /genuine/);

    // Restored to before the bids: the receipts are all that is left of them, and say so.
    assert.equal(await server.stop(), 0);
    const restored = await gavel('restore', before, '--data', data, '--force');
    assert.equal(restored.code, 0, restored.err);
    const lost = await gavel('verify', '--receipt', text, ...keys, '--data', data);
    assert.equal(lost.code, 1);
    assert.match(lost.err, /the log contradicts it \(restored\)/);
    server = await Server.start({ ...options, data });
    const again = await rest(server.url, seller, 'GET', '/v1/keys');
    assert.equal(again.text, saved.text, 'the key is restored as well');
  },
);
