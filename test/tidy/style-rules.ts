/**
 * The rules about one file at a time: names, the opening comment, ceilings, the purity of the
 * pure rooms, and what is written nowhere.
 */
import type { Node } from 'typescript/unstable/ast';
import {
  SyntaxKind,
  isFunctionLikeDeclaration,
  isIdentifier,
  isPropertyAccessExpression,
  isVariableDeclaration,
} from 'typescript/unstable/ast';
import {
  CONSOLE_ROOMS,
  EMPTY_WORDS,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  LONG_TABLES,
  PACKAGE_ROOMS,
  PURE_ROOMS,
} from './rooms.ts';
import type { Source } from './source.ts';
import { lineOf, visit } from './source.ts';
import type { Violation } from './violation.ts';

/** Kebab-case, one noun each; no barrels, no drawers. */
export function names({ path, tree }: Source): Violation[] {
  const found: string[] = [];
  const parts = path.replace(/\.ts$/, '').split('/');
  for (const part of parts) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
      found.push(`"${part}" is not kebab-case: rename it`);
    const empty = part.split('-').find((word) => EMPTY_WORDS.includes(word));
    if (empty !== undefined)
      found.push(`"${empty}" says nothing: name the file after what it owns`);
  }
  const isBarrel =
    tree.statements.length > 0 &&
    tree.statements.every(({ kind }) => kind === SyntaxKind.ExportDeclaration);
  if (parts.at(-1) === 'index' || isBarrel) {
    found.push('no barrels: let others import the file that has the thing itself');
  }
  return found.map((message) => violation('names', path, 1, message));
}

/** A module opens with what it owns and why. */
export function opening({ path, lines }: Source): Violation[] {
  if (/^\/(\*\*|\/)/.test(lines[0] ?? '')) return [];
  const message = 'open the file with a comment (/** or //) that says what it owns';
  return [violation('opening', path, 1, message)];
}

/** Files and functions stay small enough to be read at once. */
export function ceilings({ path, lines, tree }: Source): Violation[] {
  const found: Violation[] = [];
  const isTable = LONG_TABLES.some((table) => table.test(path));
  if (lines.length > FILE_LINES_MAX && !isTable) {
    const message = `the file has ${lines.length} lines, allowed are ${FILE_LINES_MAX}: split it`;
    found.push(violation('ceilings', path, FILE_LINES_MAX + 1, message));
  }
  visit(tree, (node) => {
    if (!isFunctionLikeDeclaration(node)) return;
    const first = lineOf(tree, node);
    const count = tree.getLineAndCharacterOfPosition(node.end).line + 2 - first;
    if (count <= FUNCTION_LINES_MAX) return;
    const message = `${nameOf(node)} has ${count} lines, allowed are ${FUNCTION_LINES_MAX}: split it`;
    found.push(violation('ceilings', path, first, message));
  });
  return found;
}

function nameOf(node: Node): string {
  if (node.kind === SyntaxKind.Constructor) return 'the constructor';
  const holder = isVariableDeclaration(node.parent) ? node.parent : node;
  const name = 'name' in holder ? (holder.name as Node | undefined) : undefined;
  return name === undefined ? 'this function' : name.getText();
}

/** The pure rooms neither see the outside world nor import what does. */
export function purity({ path, room, tree, imports }: Source): Violation[] {
  const rules = Object.hasOwn(PURE_ROOMS, room) ? PURE_ROOMS[room] : undefined;
  if (rules === undefined || rules.except?.test(path) === true) return [];
  const found: Violation[] = [];
  for (const { specifier, target, kind, line } of imports) {
    // Packages with a room of their own are reported by the table of rooms.
    if (target !== undefined || kind === 'type' || Object.hasOwn(PACKAGE_ROOMS, specifier))
      continue;
    if (rules.modules.includes(specifier)) continue;
    const message = `${room} is pure and may not import ${specifier}: hand in what it gives`;
    found.push(violation('purity', path, line, message));
  }
  visit(tree, (node) => {
    const name = outsideName(node);
    if (name === undefined || !rules.names.includes(name)) return;
    const message = `${room} is pure and may not use ${name}: take it as an argument`;
    found.push(violation('purity', path, lineOf(tree, node), message));
  });
  return found;
}

/** What a node names: a member as `Math.random`, else an identifier that is used, not declared. */
function outsideName(node: Node): string | undefined {
  if (isPropertyAccessExpression(node)) return node.getText();
  if (!isIdentifier(node)) return undefined;
  const { parent } = node;
  const isName = 'name' in parent && parent.name === node;
  const isUse = parent.kind === SyntaxKind.ShorthandPropertyAssignment;
  const isImported = parent.kind === SyntaxKind.ImportSpecifier;
  // `crypto.randomUUID` is chance under any prefix, `#process` and `{ process: 1 }` are just names.
  const isMember =
    isPropertyAccessExpression(parent) && /^(random|getRandom|hrtime)/.test(node.text);
  return !isName || isUse || isImported || isMember ? node.text : undefined;
}

/** Output goes through the log, which can be shipped and searched; only commands print. */
export function output({ path, room, tree }: Source): Violation[] {
  if (CONSOLE_ROOMS.includes(room)) return [];
  const found: Violation[] = [];
  visit(tree, (node) => {
    if (!isIdentifier(node) || node.text !== 'console') return;
    const message = 'console is for the commands in cli/: use the logger, or return the text';
    found.push(violation('output', path, lineOf(tree, node), message));
  });
  return found;
}

const FORBIDDEN_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/@ts-(ignore|expect-error|nocheck)\b/, 'mend the type instead of silencing the compiler'],
  [/\b(TODO|FIXME|XXX)\b/, 'do it now, or write it down outside of the code'],
];

/** No holes in the types, no notes to self. */
export function forbidden({ path, lines, tree }: Source): Violation[] {
  const found: Violation[] = [];
  for (const [index, text] of lines.entries()) {
    for (const [pattern, advice] of FORBIDDEN_TEXTS) {
      const match = pattern.exec(text);
      if (match === null) continue;
      found.push(violation('forbidden', path, index + 1, `${match[0]}: ${advice}`));
    }
  }
  visit(tree, (node) => {
    if (node.kind !== SyntaxKind.AnyKeyword) return;
    const message = 'any: write the type, or unknown and a check';
    found.push(violation('forbidden', path, lineOf(tree, node), message));
  });
  return found;
}

function violation(rule: string, path: string, line: number, message: string): Violation {
  return { rule, file: `src/${path}`, line, message };
}
