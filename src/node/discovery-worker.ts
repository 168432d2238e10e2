/** Entry of the thread that answers questions to the read model, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CategoryTree } from '../auction/categories.ts';
import { openForReading } from '../journal/sqlite-connection.ts';
import { must } from '../lib/assert.ts';
import { WrongCursor } from '../projection/cursor.ts';
import { Discovery } from '../projection/discovery.ts';
import type { Question } from '../projection/questions.ts';
import { READ_MODEL, readModelFile } from '../projection/read-model-file.ts';

export interface DiscoveryWorkerData {
  readonly folder: string;
  readonly categories: CategoryTree;
}

export interface ToDiscovery {
  readonly id: number;
  readonly question: Question;
}

export type FromDiscovery =
  | { readonly id: number; readonly json: string }
  | { readonly id: number; readonly fault: 'cursor' | 'failed'; readonly message: string };

const { folder, categories } = workerData as DiscoveryWorkerData;
const port = must(parentPort, 'a thread that answers has a parent');
const discovery = new Discovery(openForReading(readModelFile(folder), READ_MODEL), categories);

port.on('message', ({ id, question }: ToDiscovery) => {
  const say = (answer: FromDiscovery): void => port.postMessage(answer);
  try {
    say({ id, json: JSON.stringify(discovery.ask(question)) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say({ id, fault: error instanceof WrongCursor ? 'cursor' : 'failed', message });
  }
});
