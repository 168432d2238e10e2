/** `gavel report ID`: the signed report on an auction that is over, made from the log. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import type { Context, Terminal } from '../terminal.ts';

export function reportCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'report',
    summary: 'write the signed report on an auction that is over',
    description:
      'Reads the log of the data folder, also while the server runs, and writes the report as JSON:\n' +
      'the rules, every bid command in order with aliases, the sealed chain of the log, the result.\n' +
      'Anybody checks it offline with docs/examples/check-report.mjs. Sellers get the same over\n' +
      'GET /v1/auctions/ID/report.',
    examples: [
      'gavel report 7hK2mQ9xT4bW8cR5vN1zLp > report.json',
      'gavel report 7hK2mQ9xT4bW8cR5vN1zLp --data /backup/gavel-monday',
      'node docs/examples/check-report.mjs report.json keys.json',
    ],
    exitCodes: ['1   the auction is unknown or not over', '74  the data is damaged'],
  }).argument('<id>', 'the auction');
  return withDataOptions(command).action((id: string, options: ConfigOptions) =>
    run(id, options, terminal),
  );
}

async function run(auctionId: string, options: ConfigOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const { makeReport } = await import('../../receipt/report-maker.ts');
  const { NoReport } = await import('../../receipt/close-report.ts');
  const { shardIndexes } = await import('../inspection/shard-reading.ts');
  const { HashRing, hashText } = await import('../../routing/hash-ring.ts');
  const shard = new HashRing(shardIndexes(folder, undefined).length).ownerOf(hashText(auctionId));
  try {
    const request = { auctionId, shard, sinceUs: 0, entriesMax: Infinity };
    terminal.write(await makeReport(folder, request));
  } catch (error) {
    if (!(error instanceof NoReport)) throw error;
    const next = error.reason === 'not over' ? 'Try again when it is over.' : 'Check the id.';
    throw new CliError(EXIT.refused, error.message, next, { cause: error });
  }
}
