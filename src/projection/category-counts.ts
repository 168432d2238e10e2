/** How much is live in each category: of its own, and with all below it. Pure. */
import type { CategoryTree } from '../auction/categories.ts';
import { namesOf, pathOf } from './category-path.ts';
import type { Answers } from './questions.ts';

type Counted = Answers['categories']['categories'][number];

/**
 * The operator's tree in its order, empty places as well; behind it what listings named otherwise,
 * before there was this tree. Without a tree that is all.
 */
export function counted(
  rows: readonly (readonly [path: string, live: number])[],
  tree: CategoryTree,
): readonly Counted[] {
  const configured = pathsOf(tree, []);
  const ownByPath = new Map(configured.map((path) => [path, 0]));
  for (const [path, own] of rows) ownByPath.set(path, own);
  const sums = new Map(ownByPath);
  for (const [path, own] of ownByPath) {
    for (let names = namesOf(path).slice(0, -1); names.length > 0; names = names.slice(0, -1)) {
      const above = pathOf(names);
      const sum = sums.get(above);
      if (sum !== undefined) sums.set(above, sum + own);
    }
  }
  const all = Array.from(ownByPath, ([path, own]) => {
    return { path, names: namesOf(path), own, live: sums.get(path) ?? own };
  });
  if (configured.length === 0) return all;
  const isOfTree = new Set(configured);
  // What has no place any more and nothing in it is not worth a line.
  return all.filter(({ path, live }) => isOfTree.has(path) || live > 0);
}

function pathsOf(tree: CategoryTree, above: readonly string[]): readonly string[] {
  return Object.entries(tree).flatMap(([name, below]) => {
    const names = [...above, name];
    return [pathOf(names), ...(below === null ? [] : pathsOf(below, names))];
  });
}
