/** Accounts in memory: a clock that is set, ids that count up, a cheap hash, and letters to read. */
import { createHash } from 'node:crypto';
import { AccountDesk } from '../../src/account/account-desk.ts';
import { AccountWriter, recoverAccounts } from '../../src/account/account-writer.ts';
import type { AccountEvent } from '../../src/account/events.ts';
import type { ScryptParameters } from '../../src/account/password.ts';
import { PeopleDesk } from '../../src/account/people-desk.ts';
import type {
  PeopleAnswers,
  PeopleNews,
  PeopleReply,
  PeopleRequest,
} from '../../src/account/people-requests.ts';
import { PersonalKeys } from '../../src/account/personal-keys.ts';
import type { AccountReply, Letter } from '../../src/account/requests.ts';
import type { Feedback } from '../../src/account/kept.ts';
import type { Account, AccountState } from '../../src/account/state.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { MemoryStateStore } from '../../src/journal/memory-state-store.ts';
import type { StateStore } from '../../src/journal/state-store.ts';

export const START_MS = 1_800_000_000_000;
export const REFRESH_MS = 30 * 86_400_000;
export const RESET_MS = 3_600_000;
const CHEAP: ScryptParameters = { logN: 14, r: 8, p: 1 };

export interface Accounts {
  readonly desk: AccountDesk;
  readonly people: PeopleDesk;
  readonly writer: AccountWriter;
  readonly state: AccountState;
  readonly journal: Journal;
  readonly store: StateStore;
  readonly events: AccountEvent[];
  readonly letters: Letter[];
  readonly news: PeopleNews[];
  /** Parameters of every hash that was asked for. */
  readonly hashed: ScryptParameters[];
  forward(ms: number): void;
  /** From here on every hash is refused. */
  overload(): void;
  /** The same log and keys, as after a start. */
  restarted(parameters?: ScryptParameters): Accounts;
}

let ids = 0;
const newId = (): string => String(++ids).padStart(22, '0');
let seed = 0;
const random = (bytes: number): Uint8Array =>
  createHash('sha512').update(`seed ${++seed}`).digest().subarray(0, bytes);

export function accounts(
  parameters = CHEAP,
  journal: Journal = new MemoryJournal(),
  store: StateStore = new MemoryStateStore(),
): Accounts {
  let nowMs = START_MS;
  let isOverloaded = false;
  const [events, letters, hashed]: [AccountEvent[], Letter[], ScryptParameters[]] = [[], [], []];
  const keys = new PersonalKeys(store, random);
  const state = recoverAccounts(journal, keys, 'mend');
  const writer = new AccountWriter({
    journal,
    keys,
    state,
    epoch: 1,
    nowMs: () => nowMs,
    onEvent: (event) => void events.push(event),
  });
  const desk = new AccountDesk({
    writer,
    hashPassword: (password, salt, used) => {
      hashed.push(used);
      const text = `${password}/${Buffer.from(salt).toString('hex')}/${used.logN}`;
      const hash = createHash('sha256').update(text).digest();
      return Promise.resolve(isOverloaded ? undefined : hash);
    },
    parameters,
    outbox: { deliver: (letter) => void letters.push(letter) },
    nowMs: () => nowMs,
    random,
    newId,
    refreshTtlMs: REFRESH_MS,
    resetTtlMs: RESET_MS,
  });
  const news: PeopleNews[] = [];
  const onNews = (told: PeopleNews): void => void news.push(told);
  const people = new PeopleDesk({ writer, nowMs: () => nowMs, newId, onNews });
  return {
    desk,
    people,
    writer,
    state,
    journal,
    store,
    events,
    letters,
    news,
    hashed,
    forward: (ms) => void (nowMs += ms),
    overload: () => void (isOverloaded = true),
    restarted: (next = parameters) => accounts(next, journal, store),
  };
}

export const ANN = { email: 'Ann@Example.com', displayName: 'Ann', password: 'correct horse' };

export async function register(
  { desk }: Accounts,
  over: Partial<typeof ANN> = {},
): Promise<string> {
  const reply = await desk.handle({ kind: 'register', ...ANN, ...over });
  if (reply.refusal !== null || reply.profile === null)
    throw new Error(`refused: ${reply.refusal}`);
  return reply.profile.userId;
}

export async function signIn(
  { desk }: Accounts,
  over: Partial<typeof ANN> = {},
): Promise<{ readonly id: string; readonly refreshToken: string }> {
  const { email, password } = { ...ANN, ...over };
  const reply = await desk.handle({ kind: 'signIn', email, password });
  if (reply.refusal !== null || reply.session === null)
    throw new Error(`refused: ${reply.refusal}`);
  return reply.session;
}

export const refusalOf = (reply: AccountReply): string | null => reply.refusal;

/** One request alone. */
export function ask<K extends PeopleRequest['kind']>(
  { people }: Accounts,
  request: Extract<PeopleRequest, { kind: K }>,
): PeopleReply<PeopleAnswers[K]> {
  return people.handleAll([request])[0] as PeopleReply<PeopleAnswers[K]>;
}

/** The same, where it has to be taken. */
export function taken<K extends PeopleRequest['kind']>(
  given: Accounts,
  request: Extract<PeopleRequest, { kind: K }>,
): PeopleAnswers[K] {
  const reply = ask<K>(given, request);
  if (reply.refusal !== null) throw new Error(`refused: ${reply.refusal}`);
  return reply.answer;
}

/** The state as plain data, to compare. */
export function shape(state: AccountState): unknown {
  return state.accounts.map((account) => account && plain(account));
}

function plain({ sessions, kept, ...account }: Account): unknown {
  const feedback = (one: Feedback): unknown => ({
    ...one,
    by: one.by.ref,
    about: one.about.ref,
  });
  return {
    ...account,
    sessions: [...sessions.values()],
    watched: [...kept.watched],
    searches: [...kept.searches.values()],
    given: [...kept.given.values()].map(feedback),
    received: kept.received.map(feedback),
  };
}
