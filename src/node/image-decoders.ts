/**
 * The pool of processes that decode images (image-process.ts): few, with a bounded queue in front.
 *
 *   upload ──▶ waiting ──▶ idle process, or a new one ──┬▶ picture, or why the file cannot be taken
 *                                                       ├▶ too slow: killed, the file is refused
 *                                                       └▶ died: the file is refused
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { IMAGES } from '../config/limits.ts';
import { must } from '../lib/assert.ts';
import type { MakePicture } from '../image/image-desk.ts';
import type { Picture } from '../image/picture.ts';
import type { ImageFault } from '../image/requests.ts';
import type { FromDecoder, ToDecoder } from './image-process.ts';

const ENTRY = fileURLToPath(new URL('./image-process.ts', import.meta.url));

interface Job {
  readonly upload: Uint8Array;
  readonly done: (made: Picture | ImageFault) => void;
}

interface Decoder {
  readonly process: ChildProcess;
  job: Job | null;
  /** Ends the process: one that is too slow, or unused for too long. */
  timer: NodeJS.Timeout | null;
  isTooSlow: boolean;
}

export interface DecodersOptions {
  /** A process ended in the middle of an image, and nobody killed it. */
  readonly onDeath: (reason: string) => void;
  /** The program of a process. Default: image-process.ts. */
  readonly entry?: string;
  readonly decodeMsMax?: number;
}

export class ImageDecoders {
  readonly #decoders = new Set<Decoder>();
  readonly #waiting: Job[] = [];
  readonly #onDeath: (reason: string) => void;
  readonly #entry: string;
  readonly #decodeMsMax: number;

  constructor({ onDeath, entry = ENTRY, decodeMsMax = IMAGES.decodeMsMax }: DecodersOptions) {
    this.#onDeath = onDeath;
    this.#entry = entry;
    this.#decodeMsMax = decodeMsMax;
  }

  readonly make: MakePicture = (upload) => {
    if (this.#waiting.length >= IMAGES.uploadsWaitingMax) {
      return Promise.resolve({ fault: 'overloaded' });
    }
    return new Promise((resolve) => {
      this.#waiting.push({ upload, done: resolve });
      this.#next();
    });
  };

  stop(): void {
    for (const { process } of this.#decoders) process.kill('SIGKILL');
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const decoder = [...this.#decoders].find(({ job }) => job === null) ?? this.#start();
    if (decoder === undefined) return;
    const job = must(this.#waiting.shift(), 'somebody waits');
    decoder.job = job;
    this.#endAfter(decoder, this.#decodeMsMax);
    // Should it be gone already, its exit answers.
    decoder.process.send({ upload: job.upload } satisfies ToDecoder, () => {});
  }

  #start(): Decoder | undefined {
    if (this.#decoders.size >= IMAGES.decodersMax) return undefined;
    const child = fork(this.#entry, {
      env: {},
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const decoder: Decoder = { process: child, job: null, timer: null, isTooSlow: false };
    this.#decoders.add(decoder);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-1000)));
    child.on('message', (answer: FromDecoder) => {
      this.#finish(decoder, 'picture' in answer ? answer.picture : unreadable(answer.unreadable));
      this.#endAfter(decoder, IMAGES.decoderIdleMs);
      this.#next();
    });
    child.on('error', (error) => (said += error.message));
    child.on('close', (code, signal) => this.#ended(decoder, said.trim() || `${signal ?? code}`));
    return decoder;
  }

  #endAfter(decoder: Decoder, ms: number): void {
    if (decoder.timer !== null) clearTimeout(decoder.timer);
    decoder.timer = setTimeout(() => {
      decoder.isTooSlow = decoder.job !== null;
      decoder.process.kill('SIGKILL');
    }, ms);
  }

  #ended(decoder: Decoder, said: string): void {
    if (decoder.timer !== null) clearTimeout(decoder.timer);
    this.#decoders.delete(decoder);
    if (decoder.job !== null) {
      const { isTooSlow } = decoder;
      if (!isTooSlow) this.#onDeath(said);
      this.#finish(
        decoder,
        unreadable(isTooSlow ? 'takes too long to decode' : 'cannot be decoded'),
      );
    }
    this.#next();
  }

  #finish(decoder: Decoder, made: Picture | ImageFault): void {
    const { job } = decoder;
    decoder.job = null;
    job?.done(made);
  }
}

function unreadable(reason: string): ImageFault {
  return { fault: 'unreadable', reason };
}
