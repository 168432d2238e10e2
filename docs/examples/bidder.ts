// Bids for you, as little as it takes, up to a most. TOKEN=… node docs/examples/bidder.ts SERVER AUCTION CENTS
import { connect } from '../../src/client/client.ts';

const [url = '', auctionId = '', most = '0'] = process.argv.slice(2);
const gavel = connect({ url, token: process.env['TOKEN'] ?? '' });

async function bid(): Promise<void> {
  const { minimumNextCents } = await gavel.get(auctionId);
  if (minimumNextCents > Number(most)) return console.log('too much:', minimumNextCents);
  const answer = await gavel.bid(auctionId, minimumNextCents);
  console.log('bid', minimumNextCents, answer.refusal?.message ?? answer.status);
  if (answer.status === 'outbid' && answer.accepted) await bid();
}

gavel.on('outbid', bid);
gavel.on('result', ({ outcome, currentPriceCents }) => {
  console.log(outcome, currentPriceCents);
  gavel.close();
});
await bid();
