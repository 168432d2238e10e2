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

/** All of the words, in any order; null: nothing to look for. */
export function matchOf(words: readonly string[], column: 'title' | null = null): string | null {
  if (words.length === 0) return null;
  const quoted = words.map((word) => `"${word.replaceAll('"', '""')}"`);
  const all = `(${quoted.join(' AND ')}*)`;
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
