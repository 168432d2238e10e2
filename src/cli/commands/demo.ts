/** `gavel demo`: a server with generated listings and bidders on it, to look at. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { run } from './serve.ts';
import type { Guest, ServeOptions } from './serve.ts';
import { declare } from '../command-line.ts';
import { withDataOptions } from '../config-options.ts';
import { ownName, whereOptions } from '../hints.ts';
import type { Context, Terminal } from '../terminal.ts';

export function demoCommand(context: Context): Command {
  const command = declare({
    name: 'demo',
    summary: 'start a server with a lively marketplace on it',
    description:
      'Starts a server with generated listings and bidders who bid on them. Its data is in a temporary\n' +
      'folder that is gone afterwards, unless --data names one. Ctrl-C ends it.',
    examples: ['gavel demo', 'gavel demo --port 9000 --data demo-data'],
    exitCodes: ['75  a port is taken, or another gavel uses the data folder'],
  })
    .option('-p, --port <port>', 'port of the public listener (default: 8080; 0: any free one)')
    .option('--internal-port <port>', 'port of health, metrics and admin (default: 9090)');
  return withDataOptions(command).action(async (options: ServeOptions) => {
    const { terminal } = context;
    if (options.data !== undefined) {
      return run(options, context, marketGuest(terminal, options.data));
    }
    const data = mkdtempSync(join(tmpdir(), 'gavel-demo-'));
    try {
      await run({ logLevel: 'warn', ...options, data }, context, marketGuest(terminal, data));
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
}

function marketGuest(terminal: Terminal, folder: string): Guest {
  let close = (): Promise<void> => Promise.resolve();
  return {
    async open(node) {
      const { Market } = await import('../demo/market.ts');
      const market = await Market.open(node, ({ message }) =>
        terminal.err(`The bidders stopped: ${message}`),
      );
      close = () => market.close();
      const where = whereOptions(node.publicUrl, folder, terminal);
      return [
        '',
        'The market is open. Look at it:',
        `  ${ownName(terminal)} auction watch ${market.anAuction}${where}`,
        `  ${node.publicUrl}/docs`,
      ];
    },
    close: () => close(),
  };
}
