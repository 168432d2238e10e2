/** A read is never older than what its reader was told before, though answers are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { Server, UNLIMITED } from './harness.ts';
import { list, rest, WireClient } from './wire-client.ts';

const ROUNDS = 400;

test(
  'whoever had the answer to a bid reads that bid, over REST as well',
  { timeout: 60_000 },
  async (t) => {
    const server = await Server.start({ env: { ...UNLIMITED, GAVEL_DATA_SHARDS: '2' } });
    t.after(() => server.kill());
    const seller = await server.token('seller', ['seller']);
    const names = ['ann', 'bob', 'carol', 'dave'];
    const tokens = await Promise.all(names.map((name) => server.token(name)));
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push(String((await list(server.url, seller))['auctionId']));
    let checked = 0;
    const bidder = async (who: number): Promise<void> => {
      const token = tokens[who] as string;
      const socket = await WireClient.connect(server.url, token);
      for (let round = 0; round < ROUNDS; round++) {
        const auctionId = ids[(round + who) % ids.length] as string;
        const amountCents = 2_000 + (round * names.length + who) * 100;
        const { fields } = await socket.ask(PLACE_BID, {
          id: round + 1,
          auctionId,
          nonce: `nonce-${who}-${round}`,
          amountCents,
          currency: null,
          confirm: null,
          dryRun: null,
        });
        const { body, status } = await rest(server.url, token, 'GET', `/v1/auctions/${auctionId}`);
        assert.equal(status, 200);
        const [told, read] = [Number(fields['seq'] ?? 0), Number(body['seq'])];
        assert.ok(read >= told, `told ${told}, read ${read}`);
        checked += 1;
      }
      socket.close();
    };
    await Promise.all(names.map((_, who) => bidder(who)));
    assert.equal(checked, ROUNDS * names.length);
  },
);
