/**
 * The main thread's side of the images: a thread that keeps them (image-worker.ts). It is in nobody's
 * way: where it dies, whoever waits for it is told, and it is brought back a while later. A server
 * without images has no such thread.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { IMAGES } from '../config/limits.ts';
import type { ImagePort } from '../gateway/image-port.ts';
import type { ImageReply, ImageRequest } from '../image/requests.ts';
import { imageFiles } from '../journal/image-files.ts';
import type { Log } from '../lib/log.ts';
import type { FromImages, ImageWorkerData, ToImages } from './image-worker.ts';

export class ImageOffice implements ImagePort {
  readonly #folder: string;
  readonly #log: Log;
  readonly #waiting = new Map<number, (reply: ImageReply) => void>();
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | null = null;
  #isStopping = false;
  /** There is a thread, or there was one. */
  #isThere = false;
  #requests = 0;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Where there are images; else the first question starts the thread. */
  start(): void {
    if (existsSync(imageFiles(this.#folder).folder)) this.#begin();
  }

  #begin(): Worker {
    this.#isThere = true;
    const workerData: ImageWorkerData = { folder: this.#folder };
    const url = new URL('./image-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, name: 'images' });
    this.#worker = worker;
    const { promise, resolve: ended } = Promise.withResolvers<void>();
    this.#ended = promise;
    let reason = 'the thread ended without a word';
    worker.on('message', (message: FromImages) => this.#heard(message));
    worker.on('error', (error) => (reason = (error as Error).message));
    worker.on('exit', () => {
      this.#worker = null;
      for (const answered of this.#waiting.values()) answered({ fault: 'failed' });
      this.#waiting.clear();
      ended();
      if (!this.#isStopping) this.#again(reason);
    });
    return worker;
  }

  ask(request: ImageRequest): Promise<ImageReply> {
    if (this.#restart !== null || this.#isStopping) return Promise.resolve({ fault: 'failed' });
    const nothing = this.#isThere ? null : nothingOf(request);
    if (nothing !== null) return Promise.resolve(nothing);
    const worker = this.#worker ?? this.#begin();
    if (this.#waiting.size >= IMAGES.questionsMax) return Promise.resolve({ fault: 'overloaded' });
    const id = ++this.#requests;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ id, request } satisfies ToImages);
    });
  }

  /** Lets go of the files; an upload that is not finished then never was. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#worker?.postMessage('stop');
    await this.#ended;
  }

  #heard(message: FromImages): void {
    switch (message.kind) {
      case 'reply': {
        const answered = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        return answered?.(message.reply);
      }
      case 'swept':
        return this.#log.info({ files: message.files }, 'removed what unfinished uploads had left');
      case 'decoder died':
        return this.#log.warn({ reason: message.reason }, 'a process died decoding an image');
    }
  }

  #again(reason: string): void {
    const waitMs = IMAGES.restartMs;
    this.#log.error(
      { reason, waitMs },
      'the thread that keeps images died; bids go on, images are back in a moment',
    );
    this.#restart = setTimeout(() => {
      this.#restart = null;
      this.#begin();
    }, waitMs);
  }
}

/** What is said where there never was an image; null: it takes the thread. */
function nothingOf(request: ImageRequest): ImageReply | null {
  switch (request.kind) {
    case 'list':
    case 'copy':
      return { images: [], added: null };
    case 'lists':
      return { lists: request.auctionIds.map(() => []) };
    default:
      return null;
  }
}
