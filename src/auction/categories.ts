/**
 * The tree of categories, where the operator has one: names by name, from the widest to the
 * narrowest. A listing may stand at any place in it.
 */
export interface CategoryTree {
  readonly [name: string]: CategoryTree | null;
}

/** Whether the path leads to a place in the tree. The empty one, no category, always does. */
export function isInTree(tree: CategoryTree, path: readonly string[]): boolean {
  let at: CategoryTree | null = tree;
  for (const name of path) {
    if (at === null || !Object.hasOwn(at, name)) return false;
    at = at[name] ?? null;
  }
  return true;
}
