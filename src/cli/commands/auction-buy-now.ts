/** `gavel auction buy-now`: buy at the buy-it-now price. */
import type { Command } from 'commander';
import { BIDDER, sendBid, withBidOptions } from '../bid-command.ts';
import type { BidOptions } from '../bid-command.ts';
import { declare } from '../command-line.ts';
import { withServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

export function buyNowCommand(context: Context): Command {
  const command = declare({
    name: 'buy-now',
    summary: 'buy at the buy-it-now price; ends the auction',
    examples: ['gavel auction buy-now ID', 'gavel auction buy-now ID --as bob --json'],
    exitCodes: CLIENT_EXIT_CODES,
  }).argument('<id>', 'the auction');
  return withServerOptions(withBidOptions(command), BIDDER).action(
    (auctionId: string, options: BidOptions) =>
      sendBid({ auctionId, path: 'buy-now', body: () => ({}) }, options, context),
  );
}
