/** Where the next page begins: opaque to clients, good for the same list only. */

/** What was last, and its key; or an offset. */
export type Cursor = readonly [value: number, key: number];

export class WrongCursor extends Error {
  override name = 'WrongCursor';
}

export function encodeCursor(list: string, [value, key]: Cursor): string {
  return Buffer.from(`${list} ${value} ${key}`).toString('base64url');
}

/** @throws WrongCursor */
export function decodeCursor(text: string, list: string): Cursor {
  const [of, value, key, ...more] = Buffer.from(text, 'base64url').toString('latin1').split(' ');
  const numbers = [value, key].map((part) =>
    part === undefined || part === '' ? NaN : Number(part),
  );
  const [first = NaN, second = NaN] = numbers;
  if (of !== list || more.length > 0 || !Number.isFinite(first) || !Number.isSafeInteger(second)) {
    throw new WrongCursor('the cursor is of another list');
  }
  if (list === 'words' && (!Number.isSafeInteger(first) || first < 0)) {
    throw new WrongCursor('the cursor is of another list');
  }
  return [first, second];
}
