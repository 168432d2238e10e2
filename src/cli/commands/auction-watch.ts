/** `gavel auction watch`: a live view of an auction until it ends. */
import type { Command } from 'commander';
import { auctionFrom, jsonOf } from '../auction-json.ts';
import { NEWS_MAX, Redraw, newsLine, screenLines } from '../auction-screen.ts';
import { isOpen } from '../auction-text.ts';
import { BIDDER, auctionPath } from '../bid-command.ts';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import type { Gavel } from '../../client/client.ts';
import type { WatchState } from '../../client/state.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface WatchOptions extends ServerOptions {
  readonly json?: true;
}

const REDRAW_EVERY_MS = 250;

export function watchCommand(context: Context): Command {
  const command = declare({
    name: 'watch',
    summary: 'watch an auction until it ends',
    description:
      'Shows price, bids, leader and the time left by the clock of the server, live, until the\n' +
      'auction ends or you press Ctrl-C. Reconnects by itself. Without a terminal: a line each time\n' +
      'something happens, or with --json the auction as a JSON line, with the fields of `auction show\n' +
      '--json` but the texts, and what made the change.',
    examples: ['gavel auction watch ID', 'gavel auction watch ID --json | jq .currentPriceCents'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .option('--json', 'print a JSON line for every change');
  return withServerOptions(command, BIDDER).action((id: string, options: WatchOptions) =>
    reportRefusal(context, options.json === true, () => run(id, options, context)),
  );
}

async function run(id: string, options: WatchOptions, { terminal }: Context): Promise<void> {
  const path = auctionPath(id);
  const server = await signIn(options, terminal, BIDDER, ['bidder']);
  // Asked over REST first: whatever is wrong with address, token or id is told at once and clearly.
  auctionFrom(await new ServerApi(server).get(path));
  const { connect } = await import('../../client/client.ts');
  const gavel = connect({ ...server, feed: false, client: 'gavel-cli' });
  const watch = gavel.watch(id, { every: true });
  const stopListening = terminal.onInterrupt(() => watch.close());
  const show = outputFor(options, terminal, gavel);
  try {
    for await (const state of watch) {
      show.state(state);
      if (!isOpen(state)) return;
    }
  } catch (error) {
    throw watchProblem(error);
  } finally {
    stopListening();
    show.end();
    gavel.close();
  }
}

interface Output {
  state(state: WatchState): void;
  end(): void;
}

function outputFor(options: WatchOptions, terminal: Terminal, gavel: Gavel): Output {
  if (options.json === true) {
    return { state: (state) => terminal.out(JSON.stringify(jsonOf(state))), end: () => {} };
  }
  return terminal.interactive ? new LiveView(terminal, gavel) : new Lines(terminal, gavel);
}

/** A line for each piece of news. */
class Lines implements Output {
  readonly #terminal: Terminal;
  readonly #gavel: Gavel;
  #before: WatchState | null = null;

  constructor(terminal: Terminal, gavel: Gavel) {
    this.#terminal = terminal;
    this.#gavel = gavel;
  }

  state(state: WatchState): void {
    if (this.#before === null) this.#terminal.out(state.title);
    const news = newsLine(this.#before, state, this.#gavel.serverNow() || state.serverTimeMs);
    if (news !== null) this.#terminal.out(news);
    this.#before = state;
  }

  end(): void {}
}

/** The view that is drawn again, also for the countdown alone. */
class LiveView implements Output {
  readonly #terminal: Terminal;
  readonly #gavel: Gavel;
  readonly #redraw: Redraw;
  readonly #news: string[] = [];
  #state: WatchState | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(terminal: Terminal, gavel: Gavel) {
    this.#terminal = terminal;
    this.#gavel = gavel;
    this.#redraw = new Redraw((text) => terminal.write(text));
    this.#timer = setInterval(() => this.#draw(), REDRAW_EVERY_MS);
  }

  state(state: WatchState): void {
    const news = newsLine(this.#state, state, this.#nowMs(state));
    if (news !== null) this.#news.push(news);
    if (this.#news.length > NEWS_MAX) this.#news.shift();
    this.#state = state;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #draw(): void {
    if (this.#state === null) return;
    const screen = {
      auction: this.#state,
      news: this.#news,
      nowMs: this.#nowMs(this.#state),
      connected: this.#gavel.state === 'open',
    };
    this.#redraw.draw(screenLines(screen, this.#terminal.columns));
  }

  #nowMs(state: WatchState): number {
    return this.#gavel.serverNow() || state.serverTimeMs;
  }
}

function watchProblem(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'Refused')
    return new CliError(EXIT.refused, error.message, '', { cause: error });
  if (error.name === 'ConnectionClosed') {
    const next = 'Watch it again: the server keeps everything.';
    return new CliError(EXIT.unreachable, error.message, next, { cause: error });
  }
  return error;
}
