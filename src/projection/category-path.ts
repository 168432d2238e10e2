/** A category as one text: names from the widest to the narrowest, with slashes between them. */

/** A slash or backslash within a name gets a backslash in front. */
export function pathOf(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(/[\\/]/g, String.raw`\$&`)).join('/');
}

export function namesOf(path: string): readonly string[] {
  if (path === '') return [];
  const names = [''];
  for (let i = 0; i < path.length; i++) {
    const char = path[i] as string;
    if (char === '/') names.push('');
    else names[names.length - 1] += char === '\\' ? (path[++i] ?? '') : char;
  }
  return names;
}
