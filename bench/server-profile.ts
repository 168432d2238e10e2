/**
 * Where the server's time goes: starts it with the profiler of Node, which writes one file a
 * thread when the server stops, and tells the functions and the files that took most of each
 * thread (their own time, without what they call).
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Bench } from './scenario.ts';

const FUNCTIONS_SHOWN = 15;
const FILES_SHOWN = 10;
/** Threads that did nothing are left out. */
const BUSY_MS_MIN = 100;
/** Waiting for work: the event loop, and the blocking waits of the product's own threads. */
const WAITING = /^(\(idle\)|\(program\)|\(root\)|wait byte-ring|serveCheckpoints checkpointer)/;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export class ServerProfile {
  readonly #folder: string | null;

  constructor({ profile, folder }: Bench) {
    this.#folder = profile ? join(folder, `profile-${Date.now()}`) : null;
  }

  /** For Node, in front of the program. */
  get nodeArgs(): readonly string[] {
    return this.#folder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${this.#folder}`];
  }

  /** After the server has stopped: one text a thread. Nothing where no profile was asked for. */
  async report(): Promise<string[]> {
    if (this.#folder === null) return [];
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.cpuprofile'));
    const texts: string[] = [];
    for (const name of files.toSorted()) {
      const profile = JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as CpuProfile;
      const text = topFunctions(profile);
      if (text !== null) texts.push(`${threadName(name)}\n${text}`);
    }
    return texts;
  }
}

/** CPU.date.time.pid.thread.number.cpuprofile */
function threadName(file: string): string {
  const thread = basename(file).split('.')[4] ?? '?';
  return thread === '0' ? 'main thread' : `worker thread ${thread}`;
}

function topFunctions({ nodes, samples, timeDeltas }: CpuProfile): string | null {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  let busyUs = 0;
  samples.forEach((id, i) => {
    const frame = frames.get(id);
    const name = frame === undefined ? '?' : placeName(frame);
    if (WAITING.test(name)) return;
    const us = timeDeltas[i] ?? 0;
    const file = basename(frame?.url ?? '') || '(runtime)';
    busyUs += us;
    byFunction.set(name, (byFunction.get(name) ?? 0) + us);
    byFile.set(file, (byFile.get(file) ?? 0) + us);
  });
  if (busyUs < BUSY_MS_MIN * 1000) return null;
  const lines = [
    `  busy for ${(busyUs / 1e6).toFixed(1)} s, of which by function`,
    ...shares(byFunction, busyUs, FUNCTIONS_SHOWN),
    '  and by file',
    ...shares(byFile, busyUs, FILES_SHOWN),
  ];
  return lines.join('\n');
}

function shares(us: ReadonlyMap<string, number>, ofUs: number, count: number): string[] {
  return [...us]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, own]) => `  ${((own * 100) / ofUs).toFixed(1).padStart(5)} %  ${name}`);
}

function placeName(frame: CpuProfile['nodes'][number]['callFrame']): string {
  const { functionName, url, lineNumber } = frame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
