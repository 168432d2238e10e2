/**
 * What people type, as an expression of SQLite's FTS5. Raw input would read hidden columns, raise
 * syntax errors and cost seconds (RELIABILITY.md section 3), so every word is quoted.
 */
import { DISCOVERY } from '../config/limits.ts';

/** Words with something to look for, as typed; the last one may be the beginning of a word. */
export function wordsOf(text: string): readonly string[] {
  return text
    .normalize('NFC')
    .replaceAll('\0', ' ')
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, DISCOVERY.wordsMax)
    .map((word) => [...word].slice(0, DISCOVERY.wordCharsMax).join(''));
}

/**
 * All of the words, in any order.
 * @param lasts what the last word may be, any of them; null: whatever begins with it
 */
export function matchOf(
  words: readonly string[],
  lasts: readonly string[] | null,
  column: 'title' | null = null,
): string {
  const whole = words.slice(0, lasts === null ? words.length : -1).map(quoted);
  const any = lasts === null ? [] : [`(${lasts.map(quoted).join(' OR ')})`];
  const all = `(${[...whole, ...any].join(' AND ')}${lasts === null ? '*' : ''})`;
  return column === null ? all : `{${column}} : ${all}`;
}

/** The words that a title is found by, for help with misspelt ones. */
export function spellingsOf(title: string): readonly string[] {
  const words =
    title
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => word.length >= DISCOVERY.spellingCharsMin && !/^\d+$/.test(word));
}

function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}
