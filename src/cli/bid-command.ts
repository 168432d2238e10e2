/**
 * What bid, buy-now and retract have in common: a nonce, so that the command counts once however
 * often it is sent; the answer in words or as JSON; and a refusal with what to try next.
 */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { auctionFrom } from './auction-json.ts';
import { answerText } from './auction-text.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { ReceiptFile } from './receipt-file.ts';
import { reportRefusal } from './refusal-report.ts';
import { Refused, ServerApi } from './server-api.ts';
import type { Json } from './server-api.ts';
import { signIn } from './sign-in.ts';
import type { ServerOptions } from './sign-in.ts';
import type { Context } from './terminal.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import type { Answer } from '../protocol/messages/answer.ts';
import type { AuctionView } from '../protocol/views.ts';

export const BIDDER = 'bidder';

export interface BidOptions extends ServerOptions {
  readonly nonce?: string;
  readonly json?: true;
  /** The file that the server's signed word on the command goes to. */
  readonly receipt?: string;
}

export interface BidRequest {
  readonly auctionId: string;
  /** Below /v1/auctions/ID/. */
  readonly path: 'bids' | 'buy-now' | 'retract';
  /** The rest of the body; it may depend on the auction, for its currency. */
  body(auction: AuctionView): Json;
  /** The answer in words. Default: answerText. */
  readonly words?: (answer: Answer, currency: string) => string;
}

export async function sendBid(
  request: BidRequest,
  options: BidOptions,
  context: Context,
): Promise<void> {
  const id = auctionPath(request.auctionId);
  const nonce = nonceOf(options.nonce);
  const server = await signIn(options, context.terminal, BIDDER, ['bidder']);
  const api = new ServerApi(server);
  let currency: string | null = null;
  const file =
    options.receipt === undefined ? null : new ReceiptFile(options.receipt, context.terminal);
  const send = async (): Promise<void> => {
    const auction = auctionFrom(await api.get(id));
    currency = auction.currency;
    const body = { ...request.body(auction), nonce };
    const query = file === null ? '' : '?receipt=true';
    const answer = await api.postWithNonce(`${id}/${request.path}${query}`, body);
    const { receipt: _, ...said } = answer;
    if (options.json === true) context.terminal.out(JSON.stringify({ ...said, nonce }));
    else context.terminal.out((request.words ?? answerText)(answerOf(said), auction.currency));
    file?.keep(answer);
  };
  const sendAndKeep = async (): Promise<void> => {
    try {
      await send();
    } catch (error) {
      if (error instanceof Refused) file?.keep(error.body);
      throw error;
    } finally {
      file?.close();
    }
  };
  await reportRefusal(context, options.json === true, sendAndKeep, () => currency);
}

/** The options of every command with a nonce: bid, buy-now, retract. */
export function withBidOptions(command: Command): Command {
  return command
    .option('--nonce <text>', 'to repeat a command whose outcome is not known')
    .option('--receipt <file>', "keep the server's signed word on it in a new file")
    .option('--json', 'print one JSON object');
}

/** `/v1/auctions/ID` @throws CliError where this cannot be an id */
export function auctionPath(auctionId: string): string {
  if (/^[0-9A-Za-z]{22}$/.test(auctionId)) return `/v1/auctions/${auctionId}`;
  const next = 'An id has 22 letters and digits; gavel auction create prints it.';
  throw new CliError(EXIT.usage, `"${auctionId}" is not the id of an auction`, next);
}

/** The nonce that was given, or a new one. @throws CliError */
export function nonceOf(given: string | undefined): string {
  if (given === undefined) return randomBytes(15).toString('base64url');
  if (/^[\x21-\x7e]{8,64}$/.test(given)) return given;
  const next = 'Take 8 to 64 letters, digits or signs, without spaces.';
  throw new CliError(EXIT.usage, `"${given}" cannot be a nonce`, next);
}

function answerOf(answer: Json): Answer {
  try {
    return ANSWER.fromNamed({ ...answer, id: 1 });
  } catch (error) {
    const message = 'the answer of the server cannot be read';
    const next = 'Use the gavel of the version that the server has.';
    throw new CliError(EXIT.internal, message, next, { cause: error });
  }
}
