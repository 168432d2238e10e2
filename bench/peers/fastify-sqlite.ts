/**
 * A peer of REST reads: the common way to serve such a route from Node. fastify with a schema for the
 * answer, and a prepared statement of better-sqlite3 on a table with the auctions, in memory mapped
 * pages. Tokens are not checked.
 *
 * Takes the folder for its file, makes 1,000 auctions with the ids of its standard input's first line,
 * prints its port as a line of JSON, and stops when its standard input ends.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';

interface Reply {
  code(status: number): Reply;
  send(body: unknown): Reply;
}
interface Server {
  get(
    path: string,
    options: object,
    handler: (request: { readonly params: { readonly id: string } }, reply: Reply) => unknown,
  ): void;
  listen(options: object): Promise<string>;
}

/** What it is given: the ids, and what Gavel answers for one of them. */
export interface Auctions {
  readonly ids: readonly string[];
  readonly sample: Readonly<Record<string, unknown>>;
}

const [, , folder = '.'] = process.argv;
const lines = createInterface({ input: process.stdin });
const first = await lines[Symbol.asyncIterator]().next();
const { ids, sample } = JSON.parse(String(first.value)) as Auctions;

const names = Object.keys(sample);
const isNested = (name: string): boolean => typeof sample[name] === 'object';
const db = new SqliteDatabase(join(folder, 'peer.sqlite'));
db.pragma('journal_mode = WAL');
db.pragma('mmap_size = 268435456');
db.exec(
  `CREATE TABLE auction (${names.map((name) => `"${name}"`).join(', ')}, PRIMARY KEY (auctionId))`,
);
const insert = db.prepare(`INSERT INTO auction VALUES (${names.map(() => '?').join(', ')})`);
const stored = (value: unknown): unknown => {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'object' ? JSON.stringify(value) : value;
};
db.transaction(() => {
  for (const id of ids) {
    insert.run(names.map((name) => (name === 'auctionId' ? id : stored(sample[name]))));
  }
})();
const find = db.prepare('SELECT * FROM auction WHERE auctionId = ?');

const typeOf = (value: unknown): string => (typeof value === 'number' ? 'integer' : typeof value);
const properties = Object.fromEntries(
  names.map((name) => [name, isNested(name) ? {} : { type: typeOf(sample[name]) }]),
);
// By a name in a variable, because the peers are installed only for this comparison.
const library = 'fastify';
const { fastify } = (await import(library)) as { fastify: (options: object) => Server };
const server = fastify({ logger: false });
const schema = { response: { 200: { type: 'object', properties } } };
server.get('/v1/auctions/:id', { schema }, ({ params }, reply) => {
  const row = find.get(params.id) as Record<string, unknown> | undefined;
  if (row === undefined) return reply.code(404).send({ name: 'AUCTION_UNKNOWN' });
  for (const name of names) if (isNested(name)) row[name] = JSON.parse(String(row[name]));
  return row;
});
const address = await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ port: Number(new URL(address).port) })}\n`);
lines.on('close', () => process.exit(0));
