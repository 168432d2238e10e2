/**
 * Entry of the thread that keeps the images: table, files and decoders. It gives way to the threads
 * that decide bids. An error that is nobody's fault ends it, and the next one starts from the disk:
 * what a failed commit left is then known again.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { IMAGES } from '../config/limits.ts';
import { imageFiles } from '../journal/image-files.ts';
import { must } from '../lib/assert.ts';
import { FolderStore } from '../image/folder-store.ts';
import { ImageDesk } from '../image/image-desk.ts';
import { ImageIndex } from '../image/image-index.ts';
import type { ImageReply, ImageRequest } from '../image/requests.ts';
import { ImageDecoders } from './image-decoders.ts';

export interface ImageWorkerData {
  readonly folder: string;
}

export interface ToImages {
  readonly id: number;
  readonly request: ImageRequest;
}

export type FromImages =
  | { readonly kind: 'reply'; readonly id: number; readonly reply: ImageReply }
  | { readonly kind: 'swept'; readonly files: number }
  | { readonly kind: 'decoder died'; readonly reason: string };

const port = must(parentPort, 'an image worker has a parent');
// Elsewhere this would slow the whole process.
if (process.platform === 'linux') setPriority(0, IMAGES.niceness);

const say = (message: FromImages): void => port.postMessage(message);
const { folder, indexFile } = imageFiles((workerData as ImageWorkerData).folder);
const store = new FolderStore(folder);
const index = new ImageIndex(indexFile);
const decoders = new ImageDecoders({
  onDeath: (reason) => say({ kind: 'decoder died', reason }),
});
const desk = new ImageDesk(index, store, decoders.make);

port.on('message', (message: ToImages | 'stop') => {
  if (message !== 'stop') return void answer(message);
  decoders.stop();
  index.close();
  process.exit(0);
});

/** What goes wrong inside is not caught: it ends the thread. */
async function answer({ id, request }: ToImages): Promise<void> {
  const reply = await desk.handle(request);
  say({ kind: 'reply', id, reply });
}

const parts = desk.sweep()[Symbol.iterator]();
let swept = 0;
/** One folder at a time: who waits for an answer comes in between. */
function sweepOn(): void {
  const { done, value } = parts.next();
  if (done !== true) {
    swept += value;
    setImmediate(sweepOn);
  } else if (swept > 0) {
    say({ kind: 'swept', files: swept });
  }
}
sweepOn();
