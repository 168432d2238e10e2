/**
 * Entry of a process that decodes images, one at a time. It knows nothing but the bytes that it is
 * given: no files, no keys, no environment. A decoder that crashes or hangs takes only this with it.
 */
import { setPriority } from 'node:os';
import { IMAGES } from '../config/limits.ts';
import { must } from '../lib/assert.ts';
import { makePicture, Unreadable } from '../image/picture.ts';
import type { Picture } from '../image/picture.ts';

export interface ToDecoder {
  readonly upload: Uint8Array;
}

export type FromDecoder = { readonly picture: Picture } | { readonly unreadable: string };

const send = must(process.send, 'a decoder has a parent').bind(process);
setPriority(IMAGES.niceness);
// Ctrl-C reaches every process of the terminal; this one ends with its parent.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

process.on('message', ({ upload }: ToDecoder) => {
  makePicture(upload).then(
    (picture) => send({ picture } satisfies FromDecoder),
    (error: unknown) => {
      // What is no fault of the file ends the process: the parent logs it and starts another one.
      if (!(error instanceof Unreadable)) throw error;
      send({ unreadable: error.message } satisfies FromDecoder);
    },
  );
});
