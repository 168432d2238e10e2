/** `gavel auction bid`: place a bid. */
import type { Command } from 'commander';
import { parseAmount } from '../amounts.ts';
import { dryRunText } from '../auction-text.ts';
import { BIDDER, sendBid, withBidOptions } from '../bid-command.ts';
import type { BidOptions } from '../bid-command.ts';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { withServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface PlaceOptions extends BidOptions {
  readonly confirm?: true;
  readonly dryRun?: true;
}

export function bidCommand(context: Context): Command {
  const command = declare({
    name: 'bid',
    summary: 'place a bid',
    description:
      'Places a bid: your maximum, up to which the server bids for you, or with direct bidding the\n' +
      'price. Where the connection fails it is sent again with the same nonce, and counts once.',
    examples: [
      'gavel auction bid ID 12.50',
      'gavel auction bid ID 12.50 --as bob',
      'gavel auction bid ID 12.50 --dry-run',
      'gavel auction bid ID 12.50 --receipt lamp.receipt',
      'gavel auction bid ID 1250.00 --confirm --json',
    ],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .argument('<amount>', "in the auction's currency, for instance 12.50")
    .option('--confirm', 'yes, it is meant to be so far above the price')
    .option('--dry-run', 'only say whether it would be accepted now');
  return withServerOptions(withBidOptions(command), BIDDER).action(
    (auctionId: string, amount: string, options: PlaceOptions) => {
      const { confirm, dryRun } = options;
      if (dryRun === true && options.receipt !== undefined) {
        const next = 'Leave one of the two out.';
        throw new CliError(EXIT.usage, 'a dry run places no bid, so it has no receipt', next);
      }
      return sendBid(
        {
          auctionId,
          path: 'bids',
          ...(dryRun === true && { words: dryRunText }),
          body: ({ currency }) => ({
            amountCents: parseAmount(amount, currency),
            currency,
            confirm,
            dryRun,
          }),
        },
        options,
        context,
      );
    },
  );
}
