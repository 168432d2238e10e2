/** `gavel auction image add|list|remove`: the images of a listing. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { counted } from '../auction-text.ts';
import { auctionPath, BIDDER } from '../bid-command.ts';
import { onFile } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { reportRefusal } from '../refusal-report.ts';
import { ServerApi } from '../server-api.ts';
import type { Json } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import { CLIENT_EXIT_CODES, SELLER } from './auction-create.ts';

interface ImageOptions extends ServerOptions {
  readonly json?: true;
}

const EXIT_CODES = [...CLIENT_EXIT_CODES, '74  unreadable file'];

export function imageCommand(context: Context): Command {
  return new Command('image')
    .summary('add, list and remove the images of a listing')
    .description('Add, list and remove the images of a listing.')
    .addCommand(addCommand(context))
    .addCommand(listCommand(context))
    .addCommand(removeCommand(context));
}

function addCommand(context: Context): Command {
  const command = declare({
    name: 'add',
    summary: 'put images on a listing',
    description:
      'Puts JPEG, PNG, WebP, AVIF or GIF files behind the images of a listing: 12 at most, of 10 MB\n' +
      'each. The same file again changes nothing.',
    examples: ['gavel auction image add ID front.jpg back.jpg'],
    exitCodes: EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .argument('<files...>', 'image files')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action(
    (id: string, files: readonly string[], options: ImageOptions) =>
      reportRefusal(context, options.json === true, () => add(id, files, options, context)),
  );
}

async function add(
  id: string,
  files: readonly string[],
  options: ImageOptions,
  { terminal }: Context,
): Promise<void> {
  const path = `${auctionPath(id)}/images`;
  const blobs = files.map((file) => {
    const name = resolve(terminal.folder, file);
    return new Blob([Uint8Array.from(onFile(name, () => readFileSync(name)))]);
  });
  const api = new ServerApi(await signIn(options, terminal, SELLER, ['seller']));
  let answer: Json = {};
  for (const blob of blobs) answer = await api.upload(path, blob);
  show(answer, options, terminal);
}

function listCommand(context: Context): Command {
  const command = declare({
    name: 'list',
    summary: 'list the images of a listing',
    description:
      'Prints the hash, the size in pixels and the address of each image, in their order.',
    examples: ['gavel auction image list ID'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, BIDDER).action((id: string, options: ImageOptions) =>
    reportRefusal(context, options.json === true, async () => {
      const { terminal } = context;
      const path = `${auctionPath(id)}/images`;
      const api = new ServerApi(await signIn(options, terminal, BIDDER, ['bidder']));
      show(await api.get(path), options, terminal);
    }),
  );
}

function removeCommand(context: Context): Command {
  const command = declare({
    name: 'remove',
    summary: 'take an image off a listing without bids',
    description: 'The hash is the one that list prints.',
    examples: ['gavel auction image remove ID HASH'],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .argument('<id>', 'the auction')
    .argument('<hash>', 'the image')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, SELLER).action(
    (id: string, hash: string, options: ImageOptions) =>
      reportRefusal(context, options.json === true, async () => {
        const { terminal } = context;
        const path = `${auctionPath(id)}/images/${encodeURIComponent(hash)}`;
        const api = new ServerApi(await signIn(options, terminal, SELLER, ['seller']));
        show(await api.delete(path), options, terminal);
      }),
  );
}

interface Shown {
  readonly hash: string;
  readonly width: number;
  readonly height: number;
  readonly full: string;
}

function show(answer: Json, options: ImageOptions, terminal: Terminal): void {
  if (options.json === true) return terminal.out(JSON.stringify(answer));
  const images = Array.isArray(answer['images']) ? (answer['images'] as readonly Shown[]) : [];
  terminal.out(`${counted(images.length, 'image')}`);
  for (const { hash, width, height, full } of images) {
    terminal.out(`  ${hash}  ${width} × ${height}  ${full}`);
  }
}
