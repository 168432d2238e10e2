/** `gavel auction show`: an auction as it stands. */
import type { Command } from 'commander';
import { auctionFrom } from '../auction-json.ts';
import { auctionLines } from '../auction-text.ts';
import { BIDDER, auctionPath } from '../bid-command.ts';
import { declare } from '../command-line.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
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
  const { description, leadingBidderId } = answer;
  const text = typeof description === 'string' ? description : '';
  const leaderId = typeof leadingBidderId === 'string' ? leadingBidderId : null;
  for (const line of auctionLines(auctionFrom(answer), text, leaderId)) terminal.out(line);
}
