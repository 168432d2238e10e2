/**
 * What the gateway counts. The hot path adds to plain numbers; Prometheus' objects are filled when
 * somebody asks for /metrics. Latency is measured on samples: at most one request a connection at a
 * time, from the stamp of its frame to the moment when its answer is handed to the socket.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { CloseName } from '../protocol/close-codes.ts';
import { refusalName } from '../protocol/refusals.ts';
import { CountedHistogram } from './counted-histogram.ts';
import type { LogHealth, ShardReport, SnapshotReport } from './shard-port.ts';

/** One request in so many is a candidate for a latency sample. */
const SAMPLE_EVERY = 64;
const LATENCY_BUCKETS_S = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];
const NS_PER_S = 1e9;
/** The loop's delay is looked at so often; what is measured includes it. */
const LOOP_RESOLUTION_MS = 10;

/** What is looked up when somebody asks. */
export interface GaugeSources {
  readonly nowUs: () => number;
  connections(): {
    readonly msgpack: number;
    readonly json: number;
    readonly events: number;
    readonly polls: number;
    readonly signedIn: number;
  };
  httpSockets(): number;
  subscriptions(): number;
  /** Of the auction that has most of them. */
  watchersMax(): number;
  watchedAuctions(): number;
  addresses(): number;
  users(): number;
  /** Users whose notices are kept. */
  noticeUsers(): number;
  shards(): readonly ShardReport[];
  /** Of the read model, by shard. */
  lag(): readonly { readonly records: number; readonly seconds: number }[];
  /** Of the logs, by shard. */
  logs(): readonly LogHealth[];
  /** Null: nothing takes any. */
  snapshots(): SnapshotReport | null;
  /** Commands refused for the age of a shard's queue, by shard. */
  shed(): readonly { readonly overShare: number; readonly others: number }[];
  watchOnly(): { readonly isOn: boolean; readonly level: number; readonly switches: number };
}

export class GatewayMetrics {
  framesIn = 0;
  bytesIn = 0;
  framesOut = 0;
  bytesOut = 0;
  #published = 0;
  #positionsPublished = 0;
  #framesToWatchers = 0;
  #bytesToWatchers = 0;
  /** When the updates were taken that are written at the end of this turn. */
  readonly #beingWrittenUs: number[] = [];
  httpRequests = 0;
  readonly #refusedByCode = new Map<number, number>();
  readonly #closedByName = new Map<CloseName | 'cut', number>();
  readonly #httpByStatus = new Map<number, number>();
  readonly #latency: Histogram;
  readonly #publishDelay: Histogram;
  readonly #fanOut: Histogram;
  readonly #nowUs: () => number;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #untilSample = SAMPLE_EVERY;

  constructor(registry: Registry, sources: GaugeSources) {
    this.#latency = new Histogram({
      name: 'gavel_answer_latency_seconds',
      help: 'From reading a command to sending its answer, sampled.',
      buckets: LATENCY_BUCKETS_S,
      registers: [registry],
    });
    this.#publishDelay = new Histogram({
      name: 'gavel_publish_delay_seconds',
      help: 'From the gateway taking a committed update to publishing it: the oldest of a tick.',
      buckets: LATENCY_BUCKETS_S,
      registers: [registry],
    });
    this.#fanOut = new Histogram({
      name: 'gavel_fanout_seconds',
      help: 'From the gateway taking a committed update to having written it to all sockets.',
      buckets: LATENCY_BUCKETS_S,
      registers: [registry],
    });
    this.#nowUs = sources.nowUs;
    this.#loopDelay.enable();
    this.#registerCounters(registry, sources);
    this.#registerGauges(registry, sources);
    registerShards(registry, sources);
    registerSnapshots(registry, sources);
  }

  /** Whether the next request may be sampled. */
  samples(): boolean {
    this.#untilSample -= 1;
    if (this.#untilSample > 0) return false;
    this.#untilSample = SAMPLE_EVERY;
    return true;
  }

  answered(latencyUs: number): void {
    this.#latency.observe(latencyUs / 1e6);
  }

  /** One update that stands for so many positions. */
  published(positions: number): void {
    this.#published += 1;
    this.#positionsPublished += positions;
  }

  /** So many watchers are told, with so many bytes in all, of what was taken then. */
  toldWatchers(watchers: number, bytes: number, takenUs: number): void {
    this.#framesToWatchers += watchers;
    this.#bytesToWatchers += bytes;
    this.#publishDelay.observe((this.#nowUs() - takenUs) / 1e6);
    // The library writes to the sockets when this turn of the loop ends, and before what is set here.
    if (this.#beingWrittenUs.length === 0) setImmediate(this.#written);
    this.#beingWrittenUs.push(takenUs);
  }

  refused(code: number): void {
    this.#refusedByCode.set(code, (this.#refusedByCode.get(code) ?? 0) + 1);
  }

  /** `cut`: the socket went without a close code of ours. */
  closed(name: CloseName | 'cut'): void {
    this.#closedByName.set(name, (this.#closedByName.get(name) ?? 0) + 1);
  }

  responded(status: number): void {
    this.#httpByStatus.set(status, (this.#httpByStatus.get(status) ?? 0) + 1);
  }

  /** Connections closed like this so far. */
  closes(name: CloseName | 'cut'): number {
    return this.#closedByName.get(name) ?? 0;
  }

  stop(): void {
    this.#loopDelay.disable();
  }

  readonly #written = (): void => {
    const nowUs = this.#nowUs();
    for (const takenUs of this.#beingWrittenUs) this.#fanOut.observe((nowUs - takenUs) / 1e6);
    this.#beingWrittenUs.length = 0;
  };

  #registerCounters(registry: Registry, sources: GaugeSources): void {
    const counter = (name: string, help: string, read: () => number): void => {
      void new Counter({
        name,
        help,
        registers: [registry],
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    };
    counter('gavel_frames_received_total', 'WebSocket frames read.', () => this.framesIn);
    counter('gavel_received_bytes_total', 'Bytes of WebSocket frames read.', () => this.bytesIn);
    counter('gavel_frames_sent_total', 'Frames sent to one connection.', () => this.framesOut);
    counter('gavel_sent_bytes_total', 'Bytes of frames sent to one.', () => this.bytesOut);
    const changes = 'Changes of watched auctions; by updates published: the conflation ratio.';
    counter('gavel_watched_changes_total', changes, () => this.#positionsPublished);
    counter('gavel_updates_published_total', 'Updates published.', () => this.#published);
    const frames = 'Updates published times their watchers.';
    counter('gavel_frames_to_watchers_total', frames, () => this.#framesToWatchers);
    const bytes = 'Bytes of updates to watchers.';
    counter('gavel_bytes_to_watchers_total', bytes, () => this.#bytesToWatchers);
    counter('gavel_http_requests_total', 'HTTP requests.', () => this.httpRequests);
    const switches = 'How often watch-only mode was switched on or off.';
    counter('gavel_watch_only_switches_total', switches, () => sources.watchOnly().switches);
    const labelled = (name: string, help: string, label: string, counts: Counts): void =>
      labelledCounter(registry, name, help, label, counts);
    labelled('gavel_refusals_total', 'Refusals sent, by name.', 'name', () =>
      [...this.#refusedByCode].map(([code, count]) => [refusalName(code) ?? `${code}`, count]),
    );
    labelled('gavel_connections_closed_total', 'Closes, by code name.', 'code', () => [
      ...this.#closedByName,
    ]);
    labelled('gavel_http_responses_total', 'HTTP responses, by status.', 'status', () =>
      [...this.#httpByStatus].map(([status, count]) => [`${status}`, count]),
    );
  }

  #registerGauges(registry: Registry, sources: GaugeSources): void {
    const gauge = (name: string, help: string, label: string, counts: Counts): void =>
      labelledGauge(registry, name, help, label, counts);
    gauge('gavel_connections', 'Open WebSockets, event streams and polls.', 'protocol', () => {
      const { msgpack, json, events, polls } = sources.connections();
      return [
        ['msgpack', msgpack],
        ['json', json],
        ['events', events],
        ['polls', polls],
      ];
    });
    gauge('gavel_gateway', 'What the gateway holds.', 'what', () => [
      ['signed_in_connections', sources.connections().signedIn],
      ['http_sockets', sources.httpSockets()],
      ['subscriptions', sources.subscriptions()],
      ['watchers_of_one_auction_max', sources.watchersMax()],
      ['watched_auctions', sources.watchedAuctions()],
      ['addresses', sources.addresses()],
      ['users', sources.users()],
      ['users_with_notices', sources.noticeUsers()],
    ]);
    const mode = (name: string, help: string, read: () => number): void =>
      void new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    const { watchOnly } = sources;
    mode('gavel_watch_only', '1: watch-only mode is on.', () => (watchOnly().isOn ? 1 : 0));
    mode('gavel_overload_level', 'At 1 the mode goes on, at 0 off.', () => watchOnly().level);
    gauge('gavel_event_loop_delay_seconds', 'Since it was last asked.', 'quantile', () => {
      const delay = this.#loopDelay;
      const seconds = (ns: number): number =>
        Math.max(0, ns / NS_PER_S - LOOP_RESOLUTION_MS / 1000);
      const p50 = seconds(delay.percentile(50));
      const p99 = seconds(delay.percentile(99));
      const max = seconds(delay.max);
      delay.reset();
      return [
        ['0.5', p50],
        ['0.99', p99],
        ['1', max],
      ];
    });
  }
}

function labelledGauge(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  counts: Counts,
): void {
  void new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of counts()) this.set({ [label]: value }, count);
    },
  });
}

function labelledCounter(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  counts: Counts,
): void {
  void new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of counts()) this.inc({ [label]: value }, count);
    },
  });
}

/** The queues in front of the shards, and how the shards work. */
function registerShards(registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: (report: ShardReport) => number): void =>
    labelledGauge(registry, name, help, 'shard', () =>
      sources.shards().map((report, i) => [`${i}`, read(report)]),
    );
  const counter = (name: string, help: string, read: (report: ShardReport) => number): void =>
    labelledCounter(registry, name, help, 'shard', () =>
      sources.shards().map((report, i) => [`${i}`, read(report)]),
    );
  gauge('gavel_shard_up', '1; 0: its thread is being brought back.', ({ isUp }) => (isUp ? 1 : 0));
  gauge(
    'gavel_shard_committed_seq',
    'Number of the newest record that is durable.',
    ({ committedSeq }) => committedSeq,
  );
  counter('gavel_shard_deaths_total', 'Deaths of its thread.', ({ deaths }) => deaths);
  counter(
    'gavel_shard_snapshot_failures_total',
    'Incremental snapshots that could not be written.',
    ({ snapshotFailures }) => snapshotFailures,
  );
  gauge('gavel_shard_backlog_frames', 'Frames queued for a shard.', ({ frames }) => frames);
  gauge('gavel_shard_backlog_bytes', 'Bytes queued for a shard.', ({ bytes }) => bytes);
  gauge(
    'gavel_shard_queue_age_seconds',
    'How long the oldest frame of a shard has waited.',
    ({ ageUs }) => ageUs / 1e6,
  );
  const lag = (name: string, help: string, read: (lag: Lag) => number): void =>
    labelledGauge(registry, name, help, 'shard', () =>
      sources.lag().map((each, i) => [`${i}`, read(each)]),
    );
  const records = 'Records that the read model has not taken in yet.';
  lag('gavel_read_model_lag_records', records, (each) => each.records);
  lag('gavel_read_model_lag_seconds', 'How old the read model is.', (each) => each.seconds);
  const log = (name: string, help: string, read: (health: LogHealth) => number): void =>
    labelledGauge(registry, name, help, 'shard', () =>
      sources.logs().map((each, i) => [`${i}`, read(each)]),
    );
  const checked = 'Newest record of the log that was read again and is good; 0: none yet.';
  log('gavel_log_checked_seq', checked, ({ checkedSeq }) => checkedSeq);
  const damaged = '1: the last check of the log found damage.';
  log('gavel_log_damaged', damaged, ({ isDamaged }) => (isDamaged ? 1 : 0));
  void new CountedHistogram({
    name: 'gavel_shard_batch_frames',
    help: 'Frames decided and committed together.',
    registry,
    read: () => sources.shards().map(({ batchFrames }) => batchFrames),
  });
  void new CountedHistogram({
    name: 'gavel_shard_commit_seconds',
    help: 'Time to make a batch durable and hand out its answers.',
    registry,
    read: () => sources.shards().map(({ commitSeconds }) => commitSeconds),
  });
  void new Counter({
    name: 'gavel_shed_commands_total',
    help: 'Commands refused because of the age of the queue, by whether the auction took too much.',
    labelNames: ['shard', 'why'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [i, { overShare, others }] of sources.shed().entries()) {
        this.inc({ shard: `${i}`, why: 'over_share' }, overShare);
        this.inc({ shard: `${i}`, why: 'queue_age' }, others);
      }
    },
  });
}

/** The snapshots that the server takes by itself. */
function registerSnapshots(registry: Registry, sources: GaugeSources): void {
  const newest = 'The newest snapshot: when it was taken, how long that took, its size.';
  labelledGauge(registry, 'gavel_snapshot', newest, 'what', () => {
    const report = sources.snapshots();
    if (report === null) return [];
    return [
      ['taken_at_seconds', report.takenAtMs / 1000],
      ['duration_seconds', report.seconds],
      ['bytes', report.bytes],
      ['stored_bytes', report.storedBytes],
    ];
  });
  const outcomes = 'Snapshots taken by the server itself, and those that failed.';
  labelledCounter(registry, 'gavel_snapshots_total', outcomes, 'outcome', () => {
    const report = sources.snapshots();
    if (report === null) return [];
    return [
      ['taken', report.taken],
      ['failed', report.failed],
    ];
  });
}

type Lag = ReturnType<GaugeSources['lag']>[number];
type Counts = () => readonly (readonly [string, number])[];
