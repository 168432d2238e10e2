/**
 * Texts of the help, wrapped once, to the width of the terminal. In the sources a paragraph is
 * broken where the line is full; here it becomes one line again. Lines that begin with a space are
 * items of a list and stay. Pure.
 */

/** Paragraphs as one line each. */
export function unwrapped(text: string): string {
  return text.replace(/^(?! )(.*\S)\n(?=\S)/gm, '$1 ');
}

/** Every line of at most `width` characters; what follows the first line of an item is indented. */
export function wrapped(text: string, width: number): string {
  return unwrapped(text)
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(40, width)))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  // The meaning of an item stands after at least two spaces.
  const indent = / {2,}\S+ {2,}/.exec(line)?.index === 0 ? lengthOf(/^ +\S+ +/, line) : 0;
  const lines: string[] = [];
  let current = line.slice(0, indent);
  let isEmpty = true;
  for (const word of line.slice(indent).split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = ' '.repeat(indent) + word;
    } else current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}

function lengthOf(pattern: RegExp, line: string): number {
  return pattern.exec(line)?.[0].length ?? 0;
}
