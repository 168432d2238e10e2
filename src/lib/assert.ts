/**
 * Assertions that stay on in production: a broken invariant stops the work instead of spreading.
 * They are for our own mistakes. Bad input is never an assertion; it is a refusal.
 */
export class AssertionFailure extends Error {
  override name = 'AssertionFailure';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Returns the value, or stops where it is missing: for look-ups that cannot miss unless we erred. */
export function must<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionFailure(message);
  return value;
}

/** Ends a switch over a closed union: the compiler refuses it as soon as a case is missing. */
export function unreachable(value: never, message: string): never {
  throw new AssertionFailure(`${message}: ${String(value)}`);
}
