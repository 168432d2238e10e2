/** What a rule has found: where, which rule, and what to do about it. */
export interface Violation {
  readonly rule: string;
  /** Relative to the project's root. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export function format(violation: Violation): string {
  const { file, line, rule, message } = violation;
  return `${file}:${line} [${rule}] ${message}`;
}
