/** `gavel auction retract`: take back own bids. */
import type { Command } from 'commander';
import { answerText } from '../auction-text.ts';
import { BIDDER, sendBid, withBidOptions } from '../bid-command.ts';
import type { BidOptions } from '../bid-command.ts';
import { declare } from '../command-line.ts';
import { withServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

export function retractCommand(context: Context): Command {
  const command = declare({
    name: 'retract',
    summary: 'take back own bids',
    description:
      'Takes back own bids: all of them with more than 12 hours left, else only the newest one and\n' +
      'that within an hour of placing it. The number of retractions is public.',
    examples: ['gavel auction retract ID', 'gavel auction retract ID --as bob'],
    exitCodes: CLIENT_EXIT_CODES,
  }).argument('<id>', 'the auction');
  return withServerOptions(withBidOptions(command), BIDDER).action(
    (auctionId: string, options: BidOptions) =>
      sendBid(
        {
          auctionId,
          path: 'retract',
          words: (answer, currency) => `Retracted. ${answerText(answer, currency)}`,
          body: () => ({}),
        },
        options,
        context,
      ),
  );
}
