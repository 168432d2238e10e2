/**
 * What becomes of one damaged log: which records come from where, where the result ends, and what
 * is lost behind it. Nothing is written.
 */
import { readHead } from '../../journal/head-file.ts';
import type { Head, StoredBatch } from '../../journal/journal.ts';
import { DamagedJournal } from '../../journal/journal.ts';
import { lastSeqOf } from '../../journal/log-table.ts';
import type { Salvaged } from '../../journal/log-salvage.ts';
import { salvage, SalvagePlace } from '../../journal/log-salvage.ts';
import type { Seq } from '../../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../../journal/seq.ts';
import type { SqliteJournalFiles } from '../../journal/sqlite-journal.ts';

/** A file with batches; `isSameHistory`: nothing was restored between it and the damage. */
export interface Place {
  readonly name: string;
  readonly logFile: string;
  readonly isSameHistory: boolean;
}

export interface LogPart {
  readonly from: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface LogLoss {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Committed after this and until that (microseconds since 1970); null: not known. */
  readonly afterUs: number;
  readonly untilUs: number | null;
  /** What can still be read of it, but does not carry on the chain. */
  readonly readable: () => Iterable<StoredBatch>;
}

export interface LogPlan {
  readonly parts: readonly LogPart[];
  readonly lastSeq: Seq;
  readonly loss: LogLoss | null;
  /** Whether the head says that the log was no longer than the result and `loss`. */
  readonly isEndKnown: boolean;
  readonly places: readonly Place[];
}

/** @param own the damaged log's files; `copies` of it, the most trusted first. */
export function planLog(
  own: SqliteJournalFiles,
  ownName: string,
  copies: readonly Place[],
): LogPlan {
  const head = headOf(own.headFile);
  const mine: Place = { name: ownName, logFile: own.logFile, isSameHistory: true };
  const places = [
    // A copy of the same history was checked when it was taken, and its content is sealed.
    ...copies.filter(({ isSameHistory }) => isSameHistory),
    mine,
    ...copies.filter(({ isSameHistory }) => !isSameHistory),
  ];
  const chosen = withPlaces(places, (open) => chainOf(open, places, head));
  if (!chosen.contradictsHead) return planOf(chosen, places, mine, head);
  // A chain that is whole and not ours: another log has been put in the place of this one.
  const others = places.filter((place) => place !== mine);
  const without = withPlaces(others, (open) => chainOf(open, others, head));
  return planOf(without, others, mine, head);
}

/** The rows of a plan, again: for writing them. */
export function* plannedRows({ places, lastSeq }: LogPlan): Iterable<Salvaged> {
  const open = places.map(({ logFile }) => new SalvagePlace(logFile));
  try {
    if (lastSeq === SEQ_NONE) return;
    for (const salvaged of salvage(open)) {
      yield salvaged;
      if (lastSeqOf(salvaged.row) >= lastSeq) return;
    }
  } finally {
    for (const each of open) each.close();
  }
}

interface Chain {
  readonly parts: LogPart[];
  readonly lastSeq: Seq;
  readonly lastAtUs: number;
  readonly contradictsHead: boolean;
}

/** The chain up to where it can be trusted to be this history, and not that of an older life. */
function chainOf(
  open: readonly SalvagePlace[],
  places: readonly Place[],
  head: Head | null,
): Chain {
  const parts: LogPart[] = [];
  let trusted: Omit<Chain, 'contradictsHead'> = { parts: [], lastSeq: SEQ_NONE, lastAtUs: 0 };
  let contradictsHead = false;
  for (const { row, place } of salvage(open)) {
    const { name = '', isSameHistory = false } = places[place] ?? {};
    const last = parts.at(-1);
    const lastSeq = lastSeqOf(row);
    if (last?.from === name) parts[parts.length - 1] = { ...last, lastSeq };
    else parts.push({ from: name, firstSeq: row.firstSeq, lastSeq });
    const isHead =
      head !== null && lastSeq === head.seq && Buffer.compare(row.hash, head.hash) === 0;
    const coversHead = head !== null && row.firstSeq <= head.seq && head.seq <= lastSeq;
    if (coversHead && !isHead) contradictsHead = true;
    if (isSameHistory || isHead) trusted = { parts: [...parts], lastSeq, lastAtUs: row.atUs };
  }
  return { ...trusted, contradictsHead };
}

function planOf(chain: Chain, places: readonly Place[], own: Place, head: Head | null): LogPlan {
  const { parts, lastSeq, lastAtUs } = chain;
  const readable = (): Iterable<StoredBatch> => readableAfter(own, lastSeq);
  const { seq: lastReadable, atUs: lastReadableUs } = newestOf(readable());
  const wasSeq = Math.max(head?.seq ?? SEQ_NONE, lastReadable);
  const loss: LogLoss | null =
    wasSeq <= lastSeq
      ? null
      : {
          firstSeq: lastSeq + 1,
          lastSeq: wasSeq,
          afterUs: lastAtUs,
          untilUs: lastReadable === wasSeq ? lastReadableUs : null,
          readable,
        };
  return { parts, lastSeq, loss, isEndKnown: head !== null, places };
}

function newestOf(batches: Iterable<StoredBatch>): { readonly seq: Seq; readonly atUs: number } {
  let newest = { seq: SEQ_NONE, atUs: 0 };
  for (const { firstSeq, count, atUs } of batches) {
    if (firstSeq > newest.seq) newest = { seq: seqAfter(firstSeq, count - 1), atUs };
  }
  return newest;
}

/** Read anew each time: it may be most of a large log. */
function* readableAfter({ logFile }: Place, seq: Seq): Iterable<StoredBatch> {
  const place = new SalvagePlace(logFile);
  try {
    yield* place.readableAfter(seq);
  } finally {
    place.close();
  }
}

function withPlaces<T>(places: readonly Place[], use: (open: readonly SalvagePlace[]) => T): T {
  const open = places.map(({ logFile }) => new SalvagePlace(logFile));
  try {
    return use(open);
  } finally {
    for (const each of open) each.close();
  }
}

/** Null where no slot of it is whole. */
function headOf(path: string): Head | null {
  try {
    return readHead(path);
  } catch (error) {
    if (error instanceof DamagedJournal) return null;
    throw error;
  }
}
