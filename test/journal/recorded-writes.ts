/**
 * What a program did to its files, as strace saw it, and what a power cut at any moment may have
 * left of it: everything that was synced, and of the rest whatever the disk got round to, sector by
 * sector.
 */
import { readFileSync } from 'node:fs';
import type { Random } from '../sim/random.ts';

const SECTOR_BYTES = 512;

export type Step =
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: string; readonly size: number }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'rename'; readonly file: string; readonly to: string }
  | { readonly kind: 'remove'; readonly file: string };

/** For strace's `-e trace=`. */
export const TRACED =
  'openat,close,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,unlink';

/** Steps on files below one of these folders, in order. @param path written with `-f -xx -y`. */
export function readTrace(path: string, folders: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  const unfinished = new Map<string, string>();
  const positions = new Map<string, number>();
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const found = /^(\d+) +(.*)$/.exec(line);
    if (found === null) continue;
    const [, thread = '', text = ''] = found;
    if (text.endsWith('<unfinished ...>')) {
      unfinished.set(thread, text.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const call = resumed === null ? text : `${unfinished.get(thread) ?? ''}${resumed[1] ?? ''}`;
    const step = stepOf(call, positions);
    if (step !== null && folders.some((folder) => step.file.startsWith(folder))) steps.push(step);
  }
  return steps;
}

/** Where `write` goes on, by file: only the acknowledgements are written without a place. */
function stepOf(call: string, positions: Map<string, number>): Step | null {
  const parts = /^(\w+)\((.*)\) += (\d+)/.exec(call);
  if (parts === null) return null;
  const [, name = '', args = '', result = ''] = parts;
  const file = /^\d+<((?:\\x[0-9a-f]{2}|[^>])*)>/.exec(args);
  const path = file === null ? '' : text(file[1] ?? '');
  switch (name) {
    case 'pwrite64':
    case 'write': {
      const data = /"((?:\\x[0-9a-f]{2})*)", (\d+)(?:, (\d+))?$/.exec(args);
      if (data === null || Number(result) !== Number(data[2])) return null;
      const bytes = Buffer.from((data[1] ?? '').replaceAll('\\x', ''), 'hex');
      const at = data[3] === undefined ? (positions.get(path) ?? 0) : Number(data[3]);
      if (data[3] === undefined) positions.set(path, at + bytes.length);
      return { kind: 'write', file: path, at, bytes };
    }
    case 'ftruncate':
      return { kind: 'truncate', file: path, size: Number(/, (\d+)$/.exec(args)?.[1]) };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', file: path };
    case 'unlink':
      return { kind: 'remove', file: text(/"([^"]*)"/.exec(args)?.[1] ?? '') };
    case 'rename': {
      const [from, to] = [...args.matchAll(/"([^"]*)"/g)].map((each) => text(each[1] ?? ''));
      return { kind: 'rename', file: from ?? '', to: to ?? '' };
    }
    default:
      return null;
  }
}

function text(hex: string): string {
  return hex.replaceAll(/\\x([0-9a-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** A file: what is on the plate, and what was asked for since the last sync. */
class DiskFile {
  content: Buffer;
  readonly pending: Step[] = [];

  constructor(content: Buffer) {
    this.content = content;
  }

  sync(): void {
    for (const step of this.pending.splice(0)) this.content = applied(this.content, step);
  }

  /** As a restart may find it. */
  torn(random: Random): Buffer {
    let content = this.content;
    const share = random.pick([0, 0.1, 0.5, 0.9, 1]);
    for (const step of this.pending) {
      if (step.kind !== 'write') {
        if (random.chance(share)) content = applied(content, step);
        continue;
      }
      for (let from = 0; from < step.bytes.length; from += SECTOR_BYTES) {
        if (!random.chance(share)) continue;
        const bytes = step.bytes.subarray(from, from + SECTOR_BYTES);
        content = applied(content, { ...step, at: step.at + from, bytes });
      }
    }
    return content;
  }
}

function applied(content: Buffer, step: Step): Buffer {
  if (step.kind === 'truncate') {
    const cut = Buffer.alloc(step.size);
    content.copy(cut, 0, 0, step.size);
    return cut;
  }
  if (step.kind !== 'write') return content;
  const grown = Buffer.alloc(Math.max(content.length, step.at + step.bytes.length));
  content.copy(grown);
  step.bytes.copy(grown, step.at);
  return grown;
}

/** The files as they change, step by step. Names change at once, in order, as a journal keeps them. */
export class RecordedDisk {
  readonly #files = new Map<string, DiskFile>();

  constructor(files: ReadonlyMap<string, Buffer>) {
    for (const [path, content] of files) this.#files.set(path, new DiskFile(content));
  }

  apply(step: Step): void {
    if (step.kind === 'remove') {
      this.#files.delete(step.file);
      return;
    }
    let file = this.#files.get(step.file);
    if (file === undefined) {
      // A folder's sync: names are kept in order without it.
      if (step.kind === 'sync') return;
      file = new DiskFile(Buffer.alloc(0));
      this.#files.set(step.file, file);
    }
    if (step.kind === 'sync') file.sync();
    else if (step.kind === 'rename') {
      this.#files.delete(step.file);
      this.#files.set(step.to, file);
    } else file.pending.push(step);
  }

  /** What the power leaves. */
  cut(random: Random): ReadonlyMap<string, Buffer> {
    return new Map(Array.from(this.#files, ([path, file]) => [path, file.torn(random)]));
  }
}
