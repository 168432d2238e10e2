/** `gavel auction add`: add to the description of a listing, also when it has bids. */
import type { Command } from 'commander';
import { auctionPath } from '../bid-command.ts';
import { counted } from '../auction-text.ts';
import { declare } from '../command-line.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context } from '../terminal.ts';
import { CLIENT_EXIT_CODES, SELLER } from './auction-create.ts';

interface AddOptions extends ServerOptions {
  readonly json?: true;
}

export function addCommand(context: Context): Command {
  const command = declare({
    name: 'add',
    summary: 'add to the description of a listing',
    description:
      'Puts a text under the description, with its time. What stands there stays. With bids it is\n' +
      'taken until 12 hours before the end. The same text again is added once.',
    examples: ['gavel auction add ID "The cable is 2 m long."'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .argument('<text>', 'what is added')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action(
    (id: string, text: string, options: AddOptions) =>
      reportRefusal(context, options.json === true, () => run(id, text, options, context)),
  );
}

async function run(
  id: string,
  text: string,
  options: AddOptions,
  { terminal }: Context,
): Promise<void> {
  const path = auctionPath(id);
  const server = await signIn(options, terminal, SELLER, ['seller']);
  const answer = await new ServerApi(server).post(`${path}/additions`, { text });
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  const { additions } = answer;
  const count = Array.isArray(additions) ? additions.length : 0;
  terminal.out(`Added. The description has ${counted(count, 'addition')} now.`);
}
