/** `gavel auction relist`: list an auction again that found no buyer. */
import type { Command } from 'commander';
import { formatAmount, parseAmount } from '../amounts.ts';
import { auctionFrom } from '../auction-json.ts';
import { countdown, timeText } from '../auction-text.ts';
import { auctionPath, nonceOf } from '../bid-command.ts';
import { declare, durationMs } from '../command-line.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import type { Json } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES, SELLER } from './auction-create.ts';

interface RelistOptions extends ServerOptions {
  readonly title?: string;
  readonly start?: string;
  readonly reserve?: string;
  readonly buyNow?: string;
  readonly endsIn?: number;
  readonly nonce?: string;
  readonly json?: true;
}

export function relistCommand(context: Context): Command {
  const command = declare({
    name: 'relist',
    summary: 'list an auction again that found no buyer',
    description:
      'Lists a new auction with the texts, images and terms of one that ended without a buyer or was\n' +
      'cancelled: from now on, for as long as the old one was listed for, and as is said here. An\n' +
      'auction is listed again once. Where the connection fails it is sent again with the same nonce.',
    examples: [
      'gavel auction relist ID',
      'gavel auction relist ID --start 5.00 --reserve 0 --ends-in 3d',
    ],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction that is over')
    .option('--title <text>', 'another title')
    .option('--start <amount>', 'another start price')
    .option('--reserve <amount>', 'another reserve; 0: none')
    .option('--buy-now <amount>', 'another price at which it can be bought at once; 0: none')
    .option('--ends-in <duration>', 'another length, for instance 7d', durationMs('--ends-in'))
    .option('--nonce <text>', 'to repeat a command whose outcome is not known')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action((id: string, options: RelistOptions) =>
    reportRefusal(context, options.json === true, () => run(id, options, context)),
  );
}

async function run(id: string, options: RelistOptions, { terminal }: Context): Promise<void> {
  const path = auctionPath(id);
  const nonce = nonceOf(options.nonce);
  const server = await signIn(options, terminal, SELLER, ['seller']);
  const api = new ServerApi(server);
  const { currency } = auctionFrom(await api.get(path));
  const answer = await api.relist(path, changesOf(options, currency), nonce);
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  const auction = auctionFrom(answer);
  const start = formatAmount(auction.startPriceCents, currency);
  const left = countdown(auction.endsAtMs - auction.serverTimeMs);
  terminal.out(`Listed ${id} again as ${auction.auctionId}: ${auction.title}`);
  terminal.out(`  from ${start}, ends ${timeText(auction.endsAtMs)}, in ${left}`);
}

function changesOf(
  { title, start, reserve, buyNow, endsIn }: RelistOptions,
  currency: string,
): Json {
  const amount = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseAmount(text, currency);
  return {
    title,
    startPriceCents: amount(start),
    reserveCents: amount(reserve),
    buyNowCents: amount(buyNow),
    endsAtMs: endsIn === undefined ? undefined : Date.now() + endsIn,
  };
}
