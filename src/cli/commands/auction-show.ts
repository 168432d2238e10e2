/** `gavel auction show`: an auction as it stands. */
import type { Command } from 'commander';
import { auctionFrom } from '../auction-json.ts';
import { auctionLines } from '../auction-text.ts';
import type { Beside } from '../auction-text.ts';
import { BIDDER, auctionPath } from '../bid-command.ts';
import { declare } from '../command-line.ts';
import type { Addition } from '../../protocol/views.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import type { Json } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface ShowOptions extends ServerOptions {
  readonly json?: true;
}

export function showCommand(context: Context): Command {
  const command = declare({
    name: 'show',
    summary: 'show an auction as it stands',
    description:
      'Bidders are numbers here. Only the seller of the auction and admins are told who leads or won.',
    examples: [
      'gavel auction show ID',
      'gavel auction show ID --json',
      'gavel auction show ID --as seller',
    ],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, BIDDER).action((id: string, options: ShowOptions) =>
    reportRefusal(context, options.json === true, () => run(id, options, context)),
  );
}

async function run(id: string, options: ShowOptions, { terminal }: Context): Promise<void> {
  const path = auctionPath(id);
  const server = await signIn(options, terminal, BIDDER, ['bidder']);
  const answer = await new ServerApi(server).get(path);
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  for (const line of auctionLines(auctionFrom(answer), besideOf(answer))) terminal.out(line);
}

function besideOf(answer: Json): Beside {
  const text = (name: string): string | null => {
    const value = answer[name];
    return typeof value === 'string' ? value : null;
  };
  const { shippingCents } = answer;
  return {
    description: text('description') ?? '',
    leaderId: text('leadingBidderId') ?? text('winnerId'),
    condition: text('condition'),
    location: text('location'),
    country: text('country'),
    shipping: text('shipping'),
    shippingCents: typeof shippingCents === 'number' ? shippingCents : null,
    additions: Array.isArray(answer['additions']) ? (answer['additions'] as Addition[]) : [],
    relistOf: text('relistOf'),
    relistedAs: text('relistedAs'),
  };
}
