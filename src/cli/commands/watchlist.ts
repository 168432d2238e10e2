/** `gavel watchlist`: what one watches on a running server, with how it stands. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { formatAmount } from '../amounts.ts';
import { timeText } from '../auction-text.ts';
import { auctionPath } from '../bid-command.ts';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { reportRefusal } from '../refusal-report.ts';
import type { Json } from '../server-api.ts';
import { ServerApi } from '../server-api.ts';
import type { ServerOptions } from '../sign-in.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface WatchlistOptions extends ServerOptions {
  readonly json?: true;
}

/** A card, where the lists have the auction already. */
type Entry = Json & { readonly auctionId: string };

const WORDS = ['show', 'add', 'remove'] as const;
type Word = (typeof WORDS)[number];
const BIDDER = 'bidder';
/** Four pages are the longest list. */
const PAGE = 100;

export function watchlistCommand(context: Context): Command {
  const command = declare({
    name: 'watchlist',
    summary: 'show one’s own watchlist, and change it',
    description:
      'Shows the auctions on the own watchlist, what was put on it last first, with price, end and\n' +
      'own position; or puts an auction on it, or takes it off. To watch the bids of one as they\n' +
      'come: gavel auction watch.',
    examples: ['gavel watchlist', 'gavel watchlist add ID --as bob', 'gavel watchlist remove ID'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .addArgument(new Argument('[what]', 'what to do').choices(WORDS).default('show'))
    .argument('[id]', 'the auction to add or to remove')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, BIDDER).action(
    (what: Word, id: string | undefined, options: WatchlistOptions) =>
      reportRefusal(context, options.json === true, () => run(what, id, options, context.terminal)),
  );
}

async function run(
  what: Word,
  id: string | undefined,
  options: WatchlistOptions,
  terminal: Terminal,
): Promise<void> {
  if ((id === undefined) !== (what === 'show')) {
    const wrong = id === undefined ? 'the auction is missing' : '`show` takes no auction';
    throw new CliError(EXIT.usage, wrong, 'For instance: gavel watchlist add ID');
  }
  // Refuses what cannot be an id before a token is made.
  if (id !== undefined) auctionPath(id);
  const api = new ServerApi(await signIn(options, terminal, BIDDER, ['seller', 'bidder']));
  if (id === undefined) return show(await wholeList(api), options, terminal);
  const path = `/v1/me/watchlist/${id}`;
  const answer = what === 'add' ? await api.put(path) : await api.delete(path);
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  terminal.out(what === 'add' ? `${id} is on the watchlist.` : `${id} is not on the watchlist.`);
}

async function wholeList(api: ServerApi): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor = '';
  for (;;) {
    const page = await api.get(`/v1/me/watchlist?limit=${PAGE}${cursor}`);
    entries.push(...(page['auctions'] as readonly Entry[]));
    if (typeof page['next'] !== 'string') return entries;
    cursor = `&cursor=${page['next']}`;
  }
}

function show(entries: readonly Entry[], { json }: WatchlistOptions, terminal: Terminal): void {
  if (json === true) return terminal.out(JSON.stringify({ auctions: entries }));
  if (entries.length === 0) {
    return terminal.out('Nothing is on the watchlist. Put something on it: gavel watchlist add ID');
  }
  for (const entry of entries) terminal.out(lineOf(entry));
}

/** `ID  12.50 USD  active until 2026-01-01 12:00:00 UTC, leading  Brass lamp` */
function lineOf(entry: Entry): string {
  const { auctionId, title, status, currency, currentPriceCents, endsAtMs, ownBids } = entry;
  if (typeof currency !== 'string') return `${auctionId}  (not in the lists yet)`;
  const price = formatAmount(currentPriceCents as number, currency);
  const end = status === 'active' ? ` until ${timeText(endsAtMs as number)}` : '';
  const position = entry['leading'] === true ? ', leading' : ', outbid';
  const own = Number(ownBids ?? 0) === 0 ? '' : position;
  return `${auctionId}  ${price}  ${String(status)}${end}${own}  ${String(title)}`;
}
