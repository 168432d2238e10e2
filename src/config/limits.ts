/**
 * Every fixed limit of the program, in one place: what no setting may exceed, and what queues,
 * buffers and texts are built for. Names end in their unit. The relations that the rest relies on
 * are asserted below, when this file is loaded. What an operator may choose is in settings.ts.
 *
 * Plain constants, so that the pure rooms may import them too.
 */
import { assert } from '../lib/assert.ts';

export const KB = 1024;
export const MB = 1024 * KB;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What a client may send. */
export const WIRE = {
  /** One WebSocket frame; a bid takes about 90 bytes, a hello with its token about 1 KB. */
  frameBytesMax: 4 * KB,
  /** One frame of a server message; a page of 100 auctions is the largest. */
  serverFrameBytesMax: 256 * KB,
  /** The body of a REST request. */
  bodyBytesMax: 64 * KB,
  /** The address of a REST request with its query. */
  urlBytesMax: 2 * KB,
  /** How deep arrays and objects of one message may nest. */
  depthMax: 4,
  /** Entries of one page of auctions or bids. */
  pageMax: 100,
  /** A token in hello or in the Authorization header. */
  tokenCharsMax: 2048,
  /** A user id, the subject of a token. */
  userIdCharsMax: 64,
  /** Letters and digits; 130 random bits. */
  auctionIdChars: 22,
  /** A receipt; about 700 characters, with the longest ids and nonces 1,500. */
  receiptCharsMax: 2048,
  nonceCharsMin: 8,
  nonceCharsMax: 64,
  /** The id of a token (its claim jti). */
  tokenIdCharsMax: 128,
  /** Of a refusal: the name of the field, and what is wrong with it. */
  refusedFieldCharsMax: 128,
  refusedReasonCharsMax: 256,
  titleCharsMax: 120,
  descriptionCharsMax: 32_768,
  /** Of one addition to a description; and how many there may be. */
  additionCharsMax: 2000,
  additionsMax: 10,
  /** Where the thing is, in words. */
  locationCharsMax: 120,
  /** How and where to it is sent, in words. */
  shippingCharsMax: 1000,
  /** From the widest to the narrowest. */
  categoryDepthMax: 8,
  categoryCharsMax: 120,
  /** Steps of one increment table. */
  incrementStepsMax: 32,
} as const;

/** Sockets. */
export const SOCKETS = {
  /** Open connections of a process; about 4 KB of memory each while idle; their numbers have 20 bits. */
  connectionsMax: 900_000,
  /** Auctions that one connection watches. */
  subscriptionsMax: 100_000,
  /** Messages of one connection that wait for their answer. */
  inFlightMax: 65_536,
  /** Unsent bytes of one socket at which it counts as too slow and is closed. */
  backPressureBytesMax: 16 * MB,
  /** Frames read from one connection in a second. */
  framesPerSecondMax: 1_000_000,
  /** Bytes read from one connection in a second. */
  bytesPerSecondMax: 1024 * MB,
  /** Who finds no place is told to come back after this time. */
  fullRetryMs: 5 * SECOND_MS,
  /** Who is sent away is told to come back after a random part of this time. */
  reconnectSpreadMs: 2 * SECOND_MS,
  /** Sockets that the program lost sight of; its own time-out is GATEWAY.idleTimeoutMs. */
  forgottenTimeoutMs: 2 * MINUTE_MS,
} as const;

/** The queues between the main thread and the shards. */
export const RINGS = {
  /** Main thread to shard: about 40,000 bids. Full means OVERLOADED. */
  inboxBytes: 4 * MB,
  /** Shard to main thread: answers and updates. Full means that the shard waits. */
  outboxBytes: 16 * MB,
  /** Of the inbox, kept for the clock and the stop: frames of clients never take it. */
  reservedBytes: 4 * KB,
  /** A shard waits so long at a time for room in its outbox. */
  roomWaitMs: 50,
} as const;

/** Refusing early (docs/decisions/0009). The target age itself is a setting. */
export const OVERLOAD = {
  /** Shares of the target age at which auctions above their share, and those about to end, are refused. */
  overShareAge: 0.25,
  lastAge: 2,
  /** Refusing ends at this share of the age at which it began. */
  resumeAge: 0.5,
  /** Below this much queued nobody is refused: the queue is not what takes the time. */
  freeBytes: 16 * KB,
  /** Demand of each auction is counted in windows of this length. */
  windowUs: 20_000,
  /** Counters by hash of the auction id; a power of two. */
  buckets: 4096,
  /** More than this many times the average of the auctions, and so many frames, is too much. */
  shareFactor: 1.5,
  shareFrames: 16,
  /** What a refusal tells clients to wait, at most. */
  retryMsMax: 5 * SECOND_MS,
  /** Auctions that end within this time are shed last. */
  closingMs: MINUTE_MS,
  /** How often a shard tells which those are, and how many at most. */
  closingEveryMs: SECOND_MS,
  closingAuctionsMax: 8192,
  /** How often it is looked whether watch-only mode is needed: once a round of the heartbeat. */
  lookMs: 250,
  /** It is needed where more than this share of what is asked is refused for the age of a queue … */
  watchOnlyShare: 0.1,
  /** … or where looks are so many times further apart: writing to 10,000 watchers alone does not do it. */
  lateFactor: 4,
} as const;

/** One group commit. Under load a batch fills, else it is what is there. */
export const BATCH = {
  /** Commands decided before they are committed together. */
  commandsMax: 2048,
  /** Bytes of its records and answers. */
  bytesMax: MB,
  /** Auctions started or ended in one go, so that a full hour does not hold up the bids. */
  dueMax: 2000,
} as const;

/** A node that stops. */
export const STOP = {
  /** A second Ctrl-C within this time of the first is the same key press, passed on. */
  sameSignalMs: 500,
  /** How often it looks whether the last auctions have ended. */
  closingLookMs: 20,
  /** How long the last answers of a failed node may take to leave. */
  lastWordsMs: 200,
  /** Who is refused because it stops is told to come back after this time. */
  retryMs: 2 * SECOND_MS,
} as const;

/** A key set that lies elsewhere (auth.jwks). */
export const KEY_SET = {
  /** Keys are rotated: it is read again this often. */
  readEveryMs: 5 * MINUTE_MS,
  fetchTimeoutMs: 5 * SECOND_MS,
  charsMax: 256 * KB,
} as const;

/** The time in which no server runs. */
export const OUTAGE = {
  /** How often a running server notes that it is alive: how exactly an outage is known. */
  markEveryMs: SECOND_MS,
} as const;

/** A shard's thread, as the main thread watches over it. */
export const WATCHDOG = {
  /** How often a sign of life is asked for. */
  beatMs: 250,
  /** A thread that has work, does not wait for the disk and does not turn its loop is stuck. */
  stuckMs: 4 * SECOND_MS,
  /** How long a thread without work sleeps between two turns. */
  idleWaitMs: 100,
  /** Longest wait of one timer: Node's are 32 bits. */
  timerMsMax: MINUTE_MS,
  /** The clock was told a moment ago of an end that is due: not again before this. */
  overdueMs: 5,
  /** How often a long recovery says how far it is. */
  progressEveryMs: 500,
} as const;

/** Bringing a thread that died back (node/restart-policy.ts). */
export const RESTARTS = {
  /** Deaths without a single finished frame in between before the frame in front is dropped. */
  deathsBeforeDrop: 2,
  /** More deaths in a row end the process. */
  deathsInARowMax: 8,
  /** More deaths in this time end the process. */
  deathsInWindowMax: 30,
  windowMs: 10 * MINUTE_MS,
  /** From the second death of a window on; doubled each time. */
  waitMs: 50,
  waitMsMax: 5 * SECOND_MS,
} as const;

/** The read model: search, lists, recommendations. */
export const DISCOVERY = {
  /** A search looks for so many words of so many characters. */
  wordsMax: 8,
  /** A search, a category or a cursor. */
  textCharsMax: 1_000,
  wordCharsMax: 64,
  /**
   * The last word of a search may be the beginning of so many terms, the shortest, of the first so
   * many.
   */
  termsMax: 32,
  termsReadMax: 2_000,
  /** Shorter words are not corrected. */
  spellingCharsMin: 4,
  /** Words that look like a misspelt one, and slips between them at most. */
  spellingCandidatesMax: 60,
  slipsMax: 2,
  /** The newest listings with the words, among which a search filters and sorts. */
  candidatesMax: 3_000,
  /** Of a category with more live listings the order is walked instead of the category. */
  bigCategory: 20_000,
  categoriesShownMax: 200,
  pageDefault: 20,
  pageMax: 100,
  /** Results of one search that can be paged through. */
  offsetMax: 1_000,
  /** After this time a bid counts half for what is lively. */
  heatHalfLifeMs: 60 * MINUTE_MS,
  /**
   * For a recommendation, the newest of an auction's or a person's biddings are looked at; of an
   * auction with very many, the newest among so many of them.
   */
  recommendFrom: 50,
  recommendAmong: 2_000,
  recommendEach: 50,
  /** Questions that may wait for the thread that answers them. */
  questionsMax: 1_000,
  /** How often the projector looks for new records, and how many it takes at a time. */
  pollMs: 25,
  recordsPerTurn: 5_000,
  /** While more records than this come in a second, it works at most this share of the time. */
  busyRecordsPerSecond: 10_000,
  busyShare: 0.1,
  /** Spellings, and terms, that it keeps at hand. */
  knownWordsMax: 200_000,
  /** Rows that it keeps at hand. */
  rowsMax: 50_000,
  /** Turns with something new between two copies of the write-ahead file. */
  turnsPerCheckpoint: 40,
  /** After one of its threads died. */
  restartMs: SECOND_MS,
  /** Twice as long each time, up to this. */
  restartMsMax: 5 * MINUTE_MS,
  /** Its share of the processor, as others see it: bids go first. */
  niceness: 10,
} as const;

/** The log of a shard. */
export const JOURNAL = {
  /** Records of one row. */
  batchRecordsMax: 1 << 20,
  /** Bytes of the records of one row, exclusive: a record's length has at most 28 bits. */
  batchBytesMax: 1 << 28,
  /** The write-ahead file is copied into the log file each time it has grown by this much. */
  checkpointBytes: 8 * MB,
  /** Beyond this the writer itself sees to it that the write-ahead file starts over. */
  walRestartBytes: 24 * MB,
  /** Beyond this the writer waits for the copying thread: the file stays below 64 MB. */
  walWaitBytes: 40 * MB,
  walWaitMsMax: 2 * SECOND_MS,
  /** How often the thread goes after frames that were added while it copied. */
  copyPassesMax: 12,
  /** Longest wait for the thread to let go of a file. */
  copierStopMsMax: 10 * SECOND_MS,
  /** The head file is synced at least this often while the log grows. */
  headSyncEveryUs: 1_000_000,
  /** Rows that a scan reads at a time: no long read transaction. */
  scanRows: 128,
  /** And so many bytes, besides one row. */
  scanBytes: 8 * MB,
  /** Written by one transaction when a log is copied. */
  copyTransactionBytes: 8 * MB,
  /** SQLite's own default; 8 and 16 KB were no faster, for small commits and for large ones. */
  pageBytes: 4 * KB,
} as const;

/** The incremental snapshot. */
export const SNAPSHOT = {
  usersPerRow: 1024,
  /** 48 KB. */
  attemptsPerRow: 1024,
  /** One slice ends at this many rows or bytes: about a millisecond of work. */
  sliceRowsMax: 128,
  sliceBytesMax: 256 * KB,
  /** After one that could not be written, the next one waits at least this long. */
  retryMs: 30 * SECOND_MS,
  /** Begun after so many records, however short ago the last one was: they are replayed in a second. */
  everyRecords: 250_000,
} as const;

/** Sockets and requests: what an operator does not set stands as it is (settings.ts sets the rest). */
export const GATEWAY = {
  connectionsMax: 20_000,
  connectionsPerAddressMax: 200,
  connectionsPerUserMax: 20,
  httpSocketsMax: 2_000,
  addressesMax: 100_000,
  usersMax: 50_000,
  subscriptionsPerConnectionMax: 1_000,
  inFlightPerConnectionMax: 1_024,

  framesPerSecond: 200,
  bytesPerSecond: 64 * KB,
  commandsPerSecondAndUser: 200,
  requestsPerSecondAndAddress: 100,
  signInsPerSecondAndAddress: 20,
  burstSeconds: 2,
  rateRefusalsInARowMax: 1_000,
  malformedFramesMax: 10,
  signInsAtOnceMax: 256,

  frameBytesMax: 4 * KB,
  frameBytesReadMax: 16 * KB,
  bodyBytesMax: 64 * KB,
  urlBytesMax: 2 * KB,
  headersMax: 100,
  jsonDepthMax: 4,
  pageMax: 100,
  pageDefault: 50,

  slowConsumerBytes: 128 * KB,
  backPressureBytesMax: 256 * KB,

  helloTimeoutMs: 5 * SECOND_MS,
  tickMs: 25 * SECOND_MS,
  idleTimeoutMs: 35 * SECOND_MS,
  streamCommentMs: 4 * SECOND_MS,
  auctionsPerStreamMax: 32,
  pollWaitMs: 25 * SECOND_MS,
  pollWaitMsMax: 55 * SECOND_MS,
  bodyTimeoutMs: 7 * SECOND_MS,
  answerTimeoutMs: 10 * SECOND_MS,
  overloadRetryMs: 100,
  targetAgeMs: 20,
  priorityTiers: [],
  watchOnlyByItself: true,
  watchOnlyAfterMs: 5 * SECOND_MS,
  watchOnlyRecoveryMs: 10 * SECOND_MS,
  watchOnlyTickMs: SECOND_MS,

  conflationMs: 50,
  historyUpdatesMax: 256,
  historyBytesMax: 64 * KB,
  lingerMs: 60 * SECOND_MS,
  noticesPerUserMax: 64,
  noticeBytesPerUserMax: 8 * KB,
  noticeUsersMax: 10_000,
  tokensRememberedMax: 4_096,
} as const;

/** Lists of auctions. */
export const LISTS = {
  /** Auctions that a shard looks at for one page: a filter may fit few of very many. */
  scanMax: 20_000,
  /** Bids of an auction that one page of its history may look at. */
  bidsLookedAtMax: 10_000,
} as const;

/** Reports on auctions that are over (docs/receipts.md). */
export const REPORTS = {
  /** Bids and other entries of one report over REST: about 15 MB of text. The CLI has no limit. */
  entriesMax: 50_000,
  /** Reports that wait or are being made; each reads the log from the auction's listing on. */
  waitingMax: 8,
} as const;

/** Images of listings (docs/decisions/0019). */
export const IMAGES = {
  /** One upload. */
  bytesMax: 10 * MB,
  /** What a form says around the file. */
  formBytesMax: 16 * KB,
  perListingMax: 12,
  /** Beyond it a file is a bomb: 50 million are what large cameras make. */
  pixelsMax: 50_000_000,
  /** The longer side of each size that is kept; smaller images are not enlarged. */
  sides: { small: 160, medium: 480, large: 1_024, full: 2_048 },
  /** Of WebP, from 1 to 100. */
  quality: 82,
  /** A file that takes longer to decode is a bomb as well: its process is killed. */
  decodeMsMax: 15 * SECOND_MS,
  /** Processes that decode, each one image at a time; unused for a while they end. */
  decodersMax: 2,
  decoderIdleMs: MINUTE_MS,
  /** How much they, and the thread that stores, give way to bids (nice). */
  niceness: 10,
  /** Uploads that may wait for a decoder, and of one user at once. */
  uploadsWaitingMax: 32,
  uploadsOfUserMax: 6,
  /** Bytes of uploads that are on their way at once, over all connections. */
  uploadBytesMax: 128 * MB,
  /** Time that an upload may take to arrive: 10 MB at 1.4 Mbit/s. */
  uploadMsMax: MINUTE_MS,
  /** Other questions that may wait: what is shown, lists, orders. */
  questionsMax: 1_000,
  /** With less room on the disk than this no upload is taken: logs need it. */
  freeBytesMin: 512 * MB,
  /** Listings of which the main thread knows the images; about 300 bytes an image. */
  listsKeptMax: 20_000,
  /** How long a cache may keep what never changes. */
  cacheSeconds: 365 * 24 * 3600,
  /** Changes of the table between two copies of its write-ahead file. */
  changesPerCheckpoint: 100,
  /** After its thread died. */
  restartMs: SECOND_MS,
} as const;

/** Accounts of this server's own. */
export const ACCOUNTS = {
  passwordBytesMin: 8,
  passwordBytesMax: 128,
  emailCharsMax: 254,
  /** Open sessions of one account; beyond it the oldest ends. */
  sessionsMax: 20,
  /** What a new account may do: everybody may sell, as on eBay. */
  granted: { roles: ['bidder', 'seller'], tier: 'standard' },
  /** scrypt, besides N, which is a setting. */
  scryptR: 8,
  scryptP: 1,
  /** A hash takes 128 MB and a third of a second: so many at once, and so many that wait. */
  hashesAtOnce: 2,
  hashesWaitingMax: 32,
  /** How much the threads that hash give way to those that decide bids (nice). */
  hashNiceness: 10,
  /** Requests that may wait for the accounts' thread. */
  requestsWaitingMax: 1_024,
  /** Requests that need a password or name an address, a second: of one network address … */
  attemptsPerSecondAndAddress: 1,
  attemptsBurstAndAddress: 20,
  /** … and about one e-mail address or account. */
  attemptsPerSecondAndAccount: 0.1,
  attemptsBurstAndAccount: 10,
  /** Accounts whose attempts are counted; beyond it, strangers have to wait. */
  attemptsAccountsMax: 100_000,
} as const;

/** Answers to reads of auctions that are kept on the main thread. */
export const READS = {
  /** Places in which a shard counts changes; a power of two. */
  changePlaces: 65_536,
  keptMax: 20_000,
  /** Of all that are kept, and of one. */
  keptCharsMax: 32 * 1024 * 1024,
  keptCharsEachMax: 128 * 1024,
} as const;

/** What people keep here. */
export const PEOPLE = {
  /** Auctions on one watchlist (eBay's limit). */
  watchedMax: 400,
  searchesMax: 100,
  searchNameCharsMax: 60,
  feedbackCharsMax: 500,
  /** From the end of the auction (eBay's limit). */
  feedbackWithinMs: 60 * DAY_MS,
  /** A month in the sums of feedback. */
  monthMs: 30 * DAY_MS,
  pageDefault: 20,
  pageMax: 100,
  cursorCharsMax: 32,
  searchCharsMax: 2_000,
  /** How often new listings are held against the saved searches. */
  searchesEveryMs: 15 * SECOND_MS,
  /** Saved searches that are asked about at a time. */
  searchesAtOnce: 200,
  /** New listings of a shard that are looked at, the newest; and told of one search at most. */
  freshMax: 5_000,
  foundMax: 10,
  /** Sales of one person that are looked at for missing feedback, the newest. */
  salesLookedAt: 500,
} as const;

/** When updates are published. */
export const CONFLATION = {
  /** A tick that comes later than so many times its time shows a process that is busy writing. */
  lateFactor: 1.1,
  /**
   * Then the next round waits for this share of what the process was busy for. Measured with 10,000
   * watchers on two cores: p99 from bid to watcher 360 ms with none, 240 with 0, 200 with a quarter,
   * 285 with 1.
   */
  breathShare: 0.25,
} as const;

/** The logs are read again while the server runs. */
export const LOG_CHECK = {
  /** After the start, which has better things to do. */
  firstAfterMs: MINUTE_MS,
  everyMsMax: 24 * DAY_MS,
  /** Its share of the processor, in turns of this length, and its niceness. */
  share: 0.25,
  turnMs: 20,
  niceness: 10,
} as const;

/** Snapshots that the server takes by itself. */
export const SNAPSHOT_KEEPER = {
  /** After the start, which has better things to do. */
  firstAfterMs: MINUTE_MS,
  niceness: 10,
  /** They hold keys. */
  folderMode: 0o700,
} as const;

export const SHARDS = {
  /** Points of the hash ring are computed for at most this many. */
  countMax: 1024,
  /** On one core too: while one shard waits for its disk, the other decides. */
  automaticMin: 2,
} as const;

export const TIME = {
  /** The longest that an auction may be set to run. */
  auctionMsMax: 3650 * DAY_MS,
  /** The longest window and extension of a soft close. */
  softCloseMsMax: DAY_MS,
  /** Tokens made with `gavel token --ttl`. */
  tokenMsMin: SECOND_MS,
  tokenMsMax: 366 * DAY_MS,
} as const;

export const MONEY = {
  /** 100,000,000,000.00 in minor units: sums and products in the rules stay exact. */
  centsMax: 10_000_000_000_000,
  /** A bid may be compared with at most this many times the price. */
  fatFingerFactorMax: 1_000_000,
} as const;

assert(WIRE.frameBytesMax < WIRE.bodyBytesMax, 'a REST body may hold what a frame holds');
assert(WIRE.tokenCharsMax < WIRE.frameBytesMax, 'hello fits into a frame with its token');
assert(WIRE.titleCharsMax * 3 < WIRE.frameBytesMax, 'a title fits into a frame');
assert(WIRE.bodyBytesMax * 8 <= RINGS.inboxBytes, 'the inbox holds several of the largest bodies');
assert(WIRE.serverFrameBytesMax * 8 <= RINGS.outboxBytes, 'the outbox holds several pages');
assert(RINGS.inboxBytes <= RINGS.outboxBytes, 'answers are larger than commands');
assert(WIRE.bodyBytesMax * 2 <= BATCH.bytesMax, 'a batch holds the largest record');
assert(BATCH.bytesMax * 2 < JOURNAL.batchBytesMax, 'a batch fits into a row');
assert(
  JOURNAL.checkpointBytes < JOURNAL.walRestartBytes,
  'the thread copies before the writer has to',
);
assert(GATEWAY.frameBytesMax === WIRE.frameBytesMax, 'the default frame is the largest');
assert(
  IMAGES.bytesMax + IMAGES.formBytesMax <= IMAGES.uploadBytesMax,
  'the largest upload is taken',
);
assert(Number.isSafeInteger(MONEY.centsMax * 100), 'money keeps a reserve in the exact range');
