/**
 * Reads sources into what the rules look at: the text, the syntax tree, and the imports. The tree
 * is the compiler's own (its API is marked unstable, and the lockfile pins it), so that strings,
 * templates, comments and regular expressions can fool nobody. Files are handed in as text; the
 * rules are tested on samples that are on no disk.
 */
import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  SyntaxKind,
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
} from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';
import { posix } from 'node:path';

/** Texts by path; a path is relative to src/, like `auction/decide.ts`. */
export type Tree = Readonly<Record<string, string>>;

export interface Source {
  readonly path: string;
  /** The folder right below src/; empty for a file that lies in no room. */
  readonly room: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: SourceFile;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** The path relative to src/ for the project's own files, else undefined. */
  readonly target: string | undefined;
  /**
   * `type` leaves no trace at run time; `lazy` is import(); `address` is new URL(), which starts a
   * worker or opens a file.
   */
  readonly kind: 'type' | 'value' | 'lazy' | 'address';
  readonly line: number;
}

/** Parses several trees with one run of the compiler. */
export function readTrees(trees: readonly Tree[]): Source[][] {
  const files: Record<string, string> = {};
  for (const [index, tree] of trees.entries()) {
    for (const [path, text] of Object.entries(tree)) files[`/${index}/src/${path}`] = text;
  }
  const compilerOptions = { noLib: true, noResolve: true, types: [], module: 'nodenext' };
  const config = JSON.stringify({ compilerOptions, files: Object.keys(files) });
  const fs = createVirtualFileSystem({ ...files, '/tsconfig.json': config });
  const compiler = new API({ cwd: '/', fs });
  try {
    const snapshot = compiler.updateSnapshot({ openProjects: ['/tsconfig.json'] });
    const program = snapshot.getProject('/tsconfig.json')?.program;
    return trees.map((tree, index) =>
      Object.entries(tree).map(([path, text]) => {
        const file = program?.getSourceFile(`/${index}/src/${path}`);
        if (file === undefined) throw new Error(`the compiler did not read src/${path}`);
        return sourceOf(path, text, file);
      }),
    );
  } finally {
    compiler.close();
  }
}

function sourceOf(path: string, text: string, tree: SourceFile): Source {
  const room = path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
  const lines = text.replace(/\n$/, '').split('\n');
  const imports: Import[] = [];
  visit(tree, (node) => {
    const found = importOf(node);
    if (found === undefined) return;
    const target = found.specifier.startsWith('.')
      ? posix.join(posix.dirname(path), found.specifier)
      : undefined;
    imports.push({ ...found, target, line: lineOf(tree, node) });
  });
  return { path, room, text, lines, tree, imports };
}

function importOf(node: Node): Pick<Import, 'specifier' | 'kind'> | undefined {
  if (isImportDeclaration(node)) {
    const isType = node.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
    return pick(node.moduleSpecifier, isType ? 'type' : 'value');
  }
  if (isExportDeclaration(node))
    return pick(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value');
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) {
    return pick(node.argument.literal, 'type');
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    return pick(node.arguments[0], 'lazy');
  }
  if (isNewExpression(node) && isIdentifier(node.expression) && node.expression.text === 'URL') {
    const address = pick(node.arguments?.[0], 'address');
    return address?.specifier.startsWith('.') === true ? address : undefined;
  }
  return undefined;
}

function pick(
  node: Node | undefined,
  kind: Import['kind'],
): Pick<Import, 'specifier' | 'kind'> | undefined {
  if (node === undefined) return undefined;
  if (!isStringLiteral(node) && !isNoSubstitutionTemplateLiteral(node)) return undefined;
  return { specifier: node.text, kind };
}

/** Every node below the given one, parents first. */
export function visit(node: Node, look: (node: Node) => void): void {
  node.forEachChild((child) => {
    look(child);
    visit(child, look);
  });
}

/** The line, from 1, on which the node starts (comments before it not included). */
export function lineOf(tree: SourceFile, node: Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}
