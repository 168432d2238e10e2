/**
 * The table of rooms (the folders of src/) as data: which room may know which, and what else is
 * kept to one place. A new room is one entry here; a new permission is one line here, with its
 * reason, so that it is a decision and not an accident.
 */

/**
 * How far the knowledge goes: everything, types only (`import type`), or only the files named
 * (paths inside the other room).
 */
export type Access = 'all' | 'types' | readonly string[];

export type RoomTable = Readonly<Record<string, Readonly<Record<string, Access>>>>;

/**
 * Every limit is named in this one file, so the rooms that have to keep to limits may read it.
 * They know nothing else of the configuration: what an operator can set comes in as an argument.
 */
const LIMITS: Access = ['limits.ts'];

/** Of the accounts the gateway knows what is asked and answered, and what people may type. */
const ACCOUNT: Access = ['requests.ts', 'people-requests.ts', 'fields.ts', 'events.ts'];

export const ROOMS: RoomTable = {
  lib: {},
  // Settings parse durations and sizes and assert that the limits fit each other.
  config: { lib: 'all' },
  auction: { lib: 'all', config: LIMITS },
  // What is said on the wire is said about auctions: the words (types) are shared, the rules not.
  protocol: { lib: 'all', auction: 'types', config: LIMITS },
  // A journal stores events without understanding them.
  journal: { lib: 'all', auction: 'types', config: LIMITS },
  // What a receipt says is said about records; who asks, and over which wire, is not known here.
  receipt: { lib: 'all', auction: ['events.ts', 'ids.ts'], journal: 'all', config: LIMITS },
  // Pure rules with a writer over the journal's interface, as the shard is.
  account: { lib: 'all', journal: 'all', config: LIMITS },
  // The shard encodes its own answers and updates: they leave as bytes, once committed, and no
  // other thread has to touch them again. That is why it knows the protocol.
  shard: {
    lib: 'all',
    auction: 'all',
    protocol: 'all',
    journal: 'all',
    receipt: ['statement.ts'],
    config: LIMITS,
  },
  // Read models: what the records say, told in tables. Of the rules it knows the events.
  // Of the accounts what their records say: it counts who watches what.
  projection: {
    lib: 'all',
    auction: 'types',
    account: ['record.ts', 'events.ts'],
    journal: 'all',
    config: LIMITS,
  },
  // Files and a table beside the logs: it knows how to write durably, and nothing of auctions.
  image: { lib: 'all', journal: ['data-folder.ts', 'sqlite-connection.ts'], config: LIMITS },
  routing: { lib: 'all' },
  // Of the auctions the gateway knows only what an id looks like, to find it in a frame.
  // Of the read model what can be asked: the questions and their answers.
  gateway: {
    lib: 'all',
    protocol: 'all',
    routing: 'all',
    config: 'all',
    auction: ['ids.ts'],
    projection: ['questions.ts'],
    // Signatures are made elsewhere: keys of receipts never come here.
    receipt: 'types',
    account: ACCOUNT,
    // Of the images what can be asked: they are kept by another thread.
    image: ['requests.ts'],
  },
  // Composition roots: whatever is put together is put together here.
  node: {
    lib: 'all',
    config: 'all',
    auction: 'all',
    account: 'all',
    image: 'all',
    protocol: 'all',
    journal: 'all',
    receipt: 'all',
    shard: 'all',
    projection: 'all',
    routing: 'all',
    gateway: 'all',
    client: 'all',
  },
  client: { lib: 'all', protocol: 'all' },
  // Offline commands (verify, replay) read journals and apply events themselves, and sign tokens.
  cli: {
    shard: 'all',
    projection: 'all',
    gateway: ['token.ts', 'user.ts'],
    account: 'all',
    image: ['check-images.ts'],
    lib: 'all',
    config: 'all',
    auction: 'all',
    protocol: 'all',
    journal: 'all',
    receipt: 'all',
    routing: 'all',
    node: 'all',
    client: 'all',
  },
};

/** Packages that stay behind one room, so that they can be exchanged. */
export const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  'uWebSockets.js': ['gateway'],
  'better-sqlite3': ['journal'],
  commander: ['cli'],
  sharp: ['image'],
};

export interface Purity {
  /** Files of the room that do touch the outside world. */
  readonly except?: RegExp;
  /** Names that may not appear: clocks, chance, timers, the process, output. */
  readonly names: readonly string[];
  /** The modules that may be imported, besides the project's own. */
  readonly modules: readonly string[];
}

const CLOCKS = ['Date', 'performance', 'hrtime'];
const CHANCE = ['Math.random', 'randomBytes', 'randomFillSync', 'randomInt', 'randomUUID'];
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const SURROUNDINGS = ['process', 'console', 'fetch', 'globalThis', 'getRandomValues'];
const OUTSIDE_WORLD = [...CLOCKS, ...CHANCE, ...TIMERS, ...SURROUNDINGS];
const PURE_MODULES = ['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto'];

/**
 * The rooms that are functions of their arguments: the same log gives the same state, on every
 * machine, in every replay. Time, chance and limits come in as arguments.
 */
export const PURE_ROOMS: Readonly<Record<string, Purity>> = {
  auction: { names: OUTSIDE_WORLD, modules: PURE_MODULES },
  protocol: { names: OUTSIDE_WORLD, modules: [...PURE_MODULES, 'msgpackr', 'zod'] },
  account: { names: OUTSIDE_WORLD, modules: PURE_MODULES },
  shard: { names: OUTSIDE_WORLD, modules: PURE_MODULES },
  routing: { names: OUTSIDE_WORLD, modules: PURE_MODULES },
  journal: {
    names: OUTSIDE_WORLD,
    modules: [...PURE_MODULES, 'node:zlib'],
    // What is pure here: the contract, its memory twin, and the formats. The rest is SQLite, files
    // and the thread that copies the write-ahead file.
    except:
      /(^|\/)(?!(batch-checks|chain|formats|journal|memory-journal|memory-state-store|record|record-terms|record-told|seq|state-store)\.ts$)[a-z-]+\.ts$/,
  },
};

/** Where output to the terminal is the purpose. */
export const CONSOLE_ROOMS = ['cli'];

/** Where the program is entered: what nothing reaches from here is not used. */
export const ENTRY_POINTS = [
  // bin/gavel
  /^cli\/main\.ts$/,
  // started as threads, by their address
  /^(node|journal)\/[a-z0-9-]+-worker\.ts$/,
  // the SDK that others import
  /^client\/client\.ts$/,
  // the twin that tests and simulation run instead of the SQLite journal
  /^journal\/memory-(journal|state-store)\.ts$/,
];

export const FILE_LINES_MAX = 400;
/** Tables that are to be whole in one place: looked things up in, not read from end to end. */
export const LONG_TABLES = [/^config\/(limits|settings)\.ts$/];
export const FUNCTION_LINES_MAX = 70;

/** Words that say nothing about what a file owns. */
export const EMPTY_WORDS = ['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'misc'];
