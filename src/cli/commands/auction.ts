/** `gavel auction …`: the group of commands that talk to a running server as a client. */
import { Command } from 'commander';
import { addWrappedHelp } from '../command-line.ts';
import type { Context } from '../terminal.ts';
import { addCommand } from './auction-add.ts';
import { bidCommand } from './auction-bid.ts';
import { buyNowCommand } from './auction-buy-now.ts';
import { cancelCommand } from './auction-cancel.ts';
import { createCommand } from './auction-create.ts';
import { imageCommand } from './auction-image.ts';
import { relistCommand } from './auction-relist.ts';
import { retractCommand } from './auction-retract.ts';
import { showCommand } from './auction-show.ts';
import { watchCommand } from './auction-watch.ts';

const EXAMPLES = [
  'gavel auction create "Brass lamp" --start 10.00 --currency USD --ends-in 10m',
  'gavel auction show ID',
  'gavel auction watch ID',
  'gavel auction bid ID 12.50',
];

const SERVER = `
The server is the one at --url or GAVEL_URL (default http://127.0.0.1:8080). The token is the one
given with --token or GAVEL_TOKEN, else one made for --as NAME with the key of the data folder.`;

export function auctionCommand(context: Context): Command {
  const command = new Command('auction')
    .summary('list, show, watch, bid on, end and relist auctions')
    .description('List, show, watch, bid on, end and relist auctions.')
    .addCommand(createCommand(context))
    .addCommand(showCommand(context))
    .addCommand(watchCommand(context))
    .addCommand(bidCommand(context))
    .addCommand(buyNowCommand(context))
    .addCommand(retractCommand(context))
    .addCommand(cancelCommand(context))
    .addCommand(addCommand(context))
    .addCommand(imageCommand(context))
    .addCommand(relistCommand(context));
  const examples = EXAMPLES.map((line) => `  $ ${line}`).join('\n');
  return addWrappedHelp(command, SERVER).addHelpText('after', `\nExamples:\n${examples}`);
}
