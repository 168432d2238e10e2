/** `gavel auction create`: list an auction. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatAmount, parseAmount } from '../amounts.ts';
import { auctionFrom } from '../auction-json.ts';
import { nonceOf } from '../bid-command.ts';
import { countdown, timeText } from '../auction-text.ts';
import { CliError } from '../cli-error.ts';
import { collect, declare, durationMs } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { dataOption, ownName, quoted, urlOption } from '../hints.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import type { Json } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { Server, ServerOptions } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import { WIRE } from '../../config/limits.ts';
import { CONDITIONS } from '../../protocol/common.ts';

interface CreateOptions extends ServerOptions {
  readonly start: string;
  readonly currency: string;
  readonly endsIn?: number;
  readonly endsAt?: string;
  readonly startsIn?: number;
  readonly reserve?: string;
  readonly buyNow?: string;
  readonly format: 'proxy' | 'direct';
  readonly softClose?: string;
  readonly description?: string;
  readonly category?: readonly string[];
  readonly condition?: string;
  readonly location?: string;
  readonly country?: string;
  readonly shipping?: string;
  readonly shippingCost?: string;
  readonly nonce?: string;
  readonly json?: true;
}

export const SELLER = 'seller';

export function createCommand(context: Context): Command {
  const command = declare({
    name: 'create',
    summary: 'list an auction',
    description:
      'Lists an auction and prints its id. Amounts are decimal numbers in the currency, for instance\n' +
      '10.00; a reserve is hidden from bidders. Where the connection fails it is sent again with the\n' +
      'same nonce, and lists one auction.',
    examples: [
      'gavel auction create "Brass lamp" --start 10.00 --currency USD --ends-in 10m',
      'gavel auction create "Old map" --start 1 --currency EUR --ends-in 7d --reserve 250 --as anna',
      'gavel auction create "Bicycle" --start 5 --currency GBP --ends-in 1h --format direct --json',
      'gavel auction create "Radio" --start 5 --currency EUR --ends-in 1d --condition for_parts --country DE',
    ],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<title>', `what is sold, up to ${WIRE.titleCharsMax} characters`)
    .requiredOption('--start <amount>', 'start price')
    .requiredOption('--currency <code>', 'ISO 4217, for instance USD')
    .option(
      '--ends-in <duration>',
      'how long it runs, for instance 10m or 7d',
      durationMs('--ends-in'),
    )
    .option('--ends-at <time>', 'when it ends, for instance 2026-12-24T18:00:00Z')
    .option('--starts-in <duration>', 'start later', durationMs('--starts-in'))
    .option('--reserve <amount>', 'hidden price below which it is not sold')
    .option(
      '--buy-now <amount>',
      'price at which it can be bought at once; 30 % above start or more',
    )
    .addOption(
      new Option('--format <format>', 'proxy: bids are hidden maximums; direct: bids are prices')
        .choices(['proxy', 'direct'])
        .default('proxy'),
    )
    .option('--soft-close <window,extension,max>', 'for instance 30s,60s,5; or off')
    .option('--description <text>', 'more about it')
    .option('--category <name>', 'from wide to narrow; may be repeated', collect)
    .addOption(new Option('--condition <word>', 'the state of the thing').choices(CONDITIONS))
    .option('--location <text>', 'where it is, for instance "Berlin"')
    .option('--country <code>', 'ISO 3166-1, for instance DE')
    .option('--shipping <text>', 'how and where to it is sent')
    .option('--shipping-cost <amount>', 'what sending costs; 0: free')
    .option('--nonce <text>', 'to repeat a command whose outcome is not known')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action((title: string, options: CreateOptions) =>
    reportRefusal(context, options.json === true, () => run(title, options, context)),
  );
}

export const CLIENT_EXIT_CODES = [
  '1   the server refused',
  '69  the server cannot be reached',
  '75  not now, or it is not known whether it took effect',
];

async function run(title: string, options: CreateOptions, { terminal }: Context): Promise<void> {
  const listing = listingOf(title, options);
  const nonce = nonceOf(options.nonce);
  const server = await signIn(options, terminal, SELLER, ['seller', 'bidder']);
  const answer = await new ServerApi(server).list(listing, nonce);
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  const auction = auctionFrom(answer);
  const { auctionId, currency } = auction;
  const left = countdown(auction.endsAtMs - auction.serverTimeMs);
  terminal.out(`Listed ${auctionId}: ${auction.title}`);
  terminal.out(
    `  from ${formatAmount(auction.startPriceCents, currency)}, ends ${timeText(auction.endsAtMs)}, in ${left}`,
  );
  const bid = formatAmount(auction.minimumNextCents, currency).split(' ')[0] ?? '';
  const { watch, bidOn } = hintsFor(server, options, terminal);
  terminal.out(`Watch it:  ${watch(auctionId)}`);
  terminal.out(`Bid on it: ${bidOn(auctionId, bid)}`);
}

interface Hints {
  watch(auctionId: string): string;
  bidOn(auctionId: string, amount: string): string;
}

/** Commands to copy: to the same server, in the same way, and the bid by somebody else. */
function hintsFor({ url, own }: Server, options: CreateOptions, terminal: Terminal): Hints {
  const gavel = `${ownName(terminal)} auction`;
  const at = urlOption(url);
  if (own === null) {
    const token = options.token === undefined ? '' : ' --token TOKEN';
    return {
      watch: (id) => `${gavel} watch ${id}${token}${at}`,
      bidOn: (id, amount) => `${gavel} bid ${id} ${amount} --token TOKEN_OF_A_BIDDER${at}`,
    };
  }
  const where = at + dataOption(own.folder, terminal, options);
  const as = options.as === undefined ? '' : ` --as ${quoted(own.name)}`;
  const bidder = own.name === 'bob' ? 'carol' : 'bob';
  return {
    watch: (id) => `${gavel} watch ${id}${as}${where}`,
    bidOn: (id, amount) => `${gavel} bid ${id} ${amount} --as ${bidder}${where}`,
  };
}

function listingOf(title: string, options: CreateOptions): Json {
  const { currency } = options;
  checkTitle(title);
  const nowMs = Date.now();
  const startsAtMs = options.startsIn === undefined ? undefined : nowMs + options.startsIn;
  const amount = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseAmount(text, currency);
  return {
    title,
    currency,
    startPriceCents: parseAmount(options.start, currency),
    endsAtMs: endOf(options, startsAtMs ?? nowMs),
    format: options.format,
    startsAtMs,
    reserveCents: amount(options.reserve),
    buyNowCents: amount(options.buyNow),
    softClose: options.softClose === undefined ? undefined : softCloseOf(options.softClose),
    description: options.description,
    category: options.category,
    condition: options.condition,
    location: options.location,
    country: options.country,
    shipping: options.shipping,
    shippingCents: amount(options.shippingCost),
  };
}

/** As the server counts: in UTF-16 units. */
function checkTitle(title: string): void {
  const max = WIRE.titleCharsMax;
  const isBlank = title.trim() === '';
  if (!isBlank && title.length <= max) return;
  throw new CliError(
    EXIT.usage,
    isBlank ? 'the title is empty' : `the title is too long: ${title.length} characters`,
    `Say in 1 to ${max} characters what is sold, in quotes: gavel auction create "Brass lamp" …`,
  );
}

function endOf({ endsIn, endsAt }: CreateOptions, startMs: number): number {
  if (endsIn !== undefined && endsAt === undefined) return startMs + endsIn;
  if (endsIn === undefined && endsAt !== undefined) {
    const endMs = Date.parse(endsAt);
    if (Number.isFinite(endMs)) return endMs;
    const next = 'Write it like 2026-12-24T18:00:00Z.';
    throw new CliError(EXIT.usage, `"${endsAt}" is not a time`, next);
  }
  throw new CliError(
    EXIT.usage,
    'give either --ends-in or --ends-at',
    'For instance --ends-in 10m.',
  );
}

function softCloseOf(text: string): Json {
  if (text === 'off') return { windowMs: 0, extensionMs: 0, extensionsMax: 0 };
  const [window = '', extension = window, max = '5'] = text.split(',');
  const extensionsMax = max === 'unlimited' ? undefined : Number(max);
  if (extensionsMax !== undefined && !/^\d{1,6}$/.test(max)) {
    const next = 'Write it like 30s,60s,5 (the last one may be unlimited), or off.';
    throw new CliError(EXIT.usage, `"${text}" is not a soft close`, next);
  }
  const ms = durationMs('--soft-close');
  return { windowMs: ms(window), extensionMs: ms(extension), extensionsMax };
}
