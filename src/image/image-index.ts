/**
 * Which images a listing has, and in which order: one small table, images/index.sqlite. A row is
 * durable before anybody hears of it, and its files are before the row is.
 */
import { IMAGES } from '../config/limits.ts';
import { must } from '../lib/assert.ts';
import type { Connection, FileKind, Statement } from '../journal/sqlite-connection.ts';
import { openConnection } from '../journal/sqlite-connection.ts';
import type { ListedImage } from './requests.ts';

export const IMAGE_INDEX: FileKind = {
  /** "GAVI" */
  applicationId: 0x47_41_56_49,
  format: 1,
  schema: `
    CREATE TABLE listing_image (
      auction_id TEXT NOT NULL,
      position   INTEGER NOT NULL,
      hash       TEXT NOT NULL,
      width      INTEGER NOT NULL,
      height     INTEGER NOT NULL,
      PRIMARY KEY (auction_id, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX listing_image_by_hash ON listing_image (hash);
  `,
};

export class ImageIndex {
  readonly #db: Connection;
  readonly #list: Statement;
  readonly #used: Statement;
  readonly #insert: Statement;
  readonly #clear: Statement;
  #changes = 0;

  constructor(file: string) {
    this.#db = openConnection(file, { ...IMAGE_INDEX, synchronous: 'FULL', create: true });
    this.#list = this.#db.prepare(
      'SELECT hash, width, height FROM listing_image WHERE auction_id = ? ORDER BY position',
    );
    this.#used = this.#db.prepare('SELECT 1 FROM listing_image WHERE hash = ? LIMIT 1').pluck();
    this.#insert = this.#db.prepare('INSERT INTO listing_image VALUES (?, ?, ?, ?, ?)');
    this.#clear = this.#db.prepare('DELETE FROM listing_image WHERE auction_id = ?');
  }

  of(auctionId: string): readonly ListedImage[] {
    return this.#list.all(auctionId) as ListedImage[];
  }

  /** Whether any listing has it. */
  isUsed(hash: string): boolean {
    return this.#used.get(hash) !== undefined;
  }

  /** The listing has these images from now on, in this order. */
  replace(auctionId: string, images: readonly ListedImage[]): void {
    this.#db.transaction(() => {
      this.#clear.run(auctionId);
      for (const [position, { hash, width, height }] of images.entries()) {
        this.#insert.run(auctionId, position, hash, width, height);
      }
    })();
    this.#changes += 1;
    if (this.#changes % IMAGES.changesPerCheckpoint === 0)
      this.#db.pragma('wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }
}

/** The images in the order of the hashes; undefined where they are not the same ones. */
export function reordered(
  images: readonly ListedImage[],
  hashes: readonly string[],
): readonly ListedImage[] | undefined {
  const byHash = new Map(images.map((image) => [image.hash, image]));
  const isSame =
    hashes.length === images.length &&
    new Set(hashes).size === hashes.length &&
    hashes.every((hash) => byHash.has(hash));
  return isSame ? hashes.map((hash) => must(byHash.get(hash), 'it was looked up')) : undefined;
}
