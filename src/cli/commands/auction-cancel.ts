/** `gavel auction cancel`: end an own auction early. */
import type { Command } from 'commander';
import { auctionFrom } from '../auction-json.ts';
import { statusText } from '../auction-text.ts';
import { formatAmount } from '../amounts.ts';
import { auctionPath } from '../bid-command.ts';
import { declare } from '../command-line.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface CancelOptions extends ServerOptions {
  readonly sell?: true;
  readonly json?: true;
}

const SELLER = 'seller';

export function cancelCommand(context: Context): Command {
  const command = declare({
    name: 'cancel',
    summary: 'end an own auction early',
    description:
      'Ends an own auction early: cancels all bids, or with --sell sells to the high bidder. With\n' +
      'less than 12 hours left and bids in place it can only be sold.',
    examples: ['gavel auction cancel ID', 'gavel auction cancel ID --sell --as anna'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .option('--sell', 'sell to the high bidder')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action((id: string, options: CancelOptions) =>
    reportRefusal(context, options.json === true, () => run(id, options, context)),
  );
}

async function run(id: string, options: CancelOptions, { terminal }: Context): Promise<void> {
  const path = auctionPath(id);
  const server = await signIn(options, terminal, SELLER, ['seller', 'bidder']);
  const how = options.sell === true ? 'sell' : 'cancel';
  const answer = await new ServerApi(server).post(`${path}/cancel`, { how });
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  const auction = auctionFrom(answer);
  const price = formatAmount(auction.currentPriceCents, auction.currency);
  const at = auction.status === 'sold' ? ` at ${price}` : '';
  terminal.out(`${auction.title}: ${statusText(auction)}${at}.`);
}
