/** `gavel verify --receipt`: whether a receipt is genuine, and whether the log still bears it out. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReceiptCheck } from '../../receipt/check-receipt.ts';
import { checkReceipt } from '../../receipt/check-receipt.ts';
import { readReceiptKeys, receiptKeyFile } from '../../receipt/key-file.ts';
import type { PublicKeys, SigningKey } from '../../receipt/signature.ts';
import { BadSignature, openCompact, publicKeysOf } from '../../receipt/signature.ts';
import type { Statement } from '../../receipt/statement.ts';
import { parseStatement } from '../../receipt/statement.ts';
import { timeText } from '../auction-text.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { grouped } from '../progress.ts';
import { readFolderMeta } from '../../journal/data-folder.ts';
import { openLog, shardIndexes } from './shard-reading.ts';

export interface ReceiptVerdict extends ReceiptCheck {
  readonly statement: Statement;
}

export interface ReceiptInput {
  /** The receipt, or the file that holds it. */
  readonly receipt: string;
  /** A JWKS saved from GET /v1/keys; absent: the key in the data folder. */
  readonly keys?: string | undefined;
  readonly folder: string;
  /** What paths are relative to. */
  readonly from: string;
}

/** @throws CliError where it is no genuine receipt; DamagedJournal. */
export function judgeReceipt(
  { receipt, keys, folder, from }: ReceiptInput,
  onProgress: (seq: number, lastSeq: number) => void,
): ReceiptVerdict {
  const own = readReceiptKeys(folder);
  const trusted = keys === undefined ? ownKeys(own, folder) : savedKeys(resolve(from, keys));
  const { statement, kid } = genuine(receiptText(receipt, from), trusted);
  const { seal } = own.find((key) => key.kid === kid) ?? noKey(kid, folder);
  refuseOlderThanReshard(folder, statement);
  const [index = 0] = shardIndexes(folder, statement.shard);
  const log = openLog(folder, index);
  try {
    if (log !== null) return { statement, ...checkReceipt(statement, log, seal, onProgress) };
    const what = `shard ${index} has no log: the folder was restored to a state before the receipt`;
    return { statement, records: 0, finding: { kind: 'restored', what } };
  } finally {
    log?.close();
  }
}

/** What a good receipt proves, as lines. */
export function verdictText({ statement, records }: ReceiptVerdict): string {
  const { bidder, amountCents, command, code, currentPriceCents, leads, atUs } = statement;
  const who = bidder === undefined ? 'a bidder' : bidder;
  const amount = amountCents === undefined || command === 'retract' ? '' : ` of ${amountCents}`;
  const outcome = code === 0 ? 'accepted' : `refused with ${code}`;
  const standing = leads ? 'and the bidder led' : 'and the bidder did not lead';
  const at = timeText(Math.floor(atUs / 1000));
  return [
    'The receipt is genuine, and the log bears it out:',
    `  ${command}${amount} by ${who} on auction ${statement.auctionId}, read at ${at}`,
    `  ${outcome}; the price was ${currentPriceCents} then, ${standing} (minor units)`,
    `  record ${grouped(statement.record)} of shard ${statement.shard}, epoch ${statement.epoch}`,
    `Records 1 to ${grouped(records)} of that shard are what they were when it was given.`,
  ].join('\n');
}

/** @throws CliError */
function genuine(
  receipt: string,
  keys: PublicKeys,
): { readonly statement: Statement; readonly kid: string } {
  try {
    const { text, kid } = openCompact('gavel-receipt', receipt, keys);
    const statement = parseStatement(text);
    if (statement !== undefined) return { statement, kid };
    throw new BadSignature('unreadable', 'what is signed is no statement about a bid');
  } catch (error) {
    if (!(error instanceof BadSignature)) throw error;
    const { fault, message } = error;
    const cause = { cause: error };
    if (fault === 'unreadable') {
      const next = 'Give the text that the server gave (eyJ…), or a file that holds it.';
      throw new CliError(EXIT.usage, `this is no receipt: ${message}`, next, cause);
    }
    if (fault === 'forged') {
      const next = 'Nothing follows from it. Ask for the receipt as the server gave it.';
      throw new CliError(EXIT.refused, `the receipt is forged or damaged: ${message}`, next, cause);
    }
    const next =
      'It is of another server, or of a former key: give the keys saved from GET /v1/keys with --keys FILE.';
    throw new CliError(EXIT.refused, `the receipt is of another key: ${message}`, next, cause);
  }
}

/** Its record has another number here: nothing that is compared would fit, though nothing is wrong. */
function refuseOlderThanReshard(folder: string, { epoch }: Statement): void {
  const { reshardedEpoch = 0 } = readFolderMeta(folder);
  if (epoch >= reshardedEpoch) return;
  throw new CliError(
    EXIT.data,
    `the receipt is genuine, and of epoch ${epoch}, before ${folder} got its present shards ` +
      `(epoch ${reshardedEpoch}): its record has another number since then`,
    `Check it against the folder that was kept: gavel verify --receipt … --data ${folder}.before-reshard-…`,
  );
}

/** The text itself, or what the file holds: the text, or the JSON that REST answered. */
function receiptText(given: string, from: string): string {
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(given)) return given;
  const text = readFileSync(resolve(from, given), 'utf8').trim();
  if (!text.startsWith('{')) return text;
  try {
    const { receipt } = JSON.parse(text) as { readonly receipt?: unknown };
    if (typeof receipt === 'string') return receipt;
  } catch {
    // Neither form: said by whoever opens it.
  }
  return text;
}

function ownKeys(own: readonly SigningKey[], folder: string): PublicKeys {
  if (own.length > 0) return publicKeysOf({ keys: own.map(({ publicJwk }) => publicJwk) });
  const next = 'Put it back from a snapshot: without it the log cannot be held against a receipt.';
  throw new CliError(EXIT.data, `there is no ${receiptKeyFile(folder)}`, next);
}

/** The receipt is genuine, but what it says of the chain cannot be compared. */
function noKey(kid: string, folder: string): never {
  throw new CliError(
    EXIT.data,
    `the receipt is genuine, but the log cannot be held against it: ${folder} lacks the key ${kid}`,
    'Put the key file back under keys/, from a snapshot of the time of the receipt.',
  );
}

function savedKeys(path: string): PublicKeys {
  try {
    return publicKeysOf(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    const next = 'Save it with: curl SERVER/v1/keys > FILE';
    throw new CliError(EXIT.usage, `${path} is no set of keys (JWKS)`, next, { cause: error });
  }
}
