/** Child processes whose lines of output a test waits for. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** The next line of its output; undefined when it ended. */
  line(): Promise<string | undefined>;
  kill(): Promise<void>;
}

/** @param shell what a shell does before it becomes the program. */
export function startChild(
  t: TestContext,
  script: string,
  args: readonly string[],
  shell = '',
): Child {
  const program = [process.execPath, join(import.meta.dirname, script), ...args];
  const child = spawn('sh', ['-c', `${shell} exec "$@"`, 'sh', ...program]);
  child.stderr.pipe(process.stderr);
  const closed = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    line: async () => (await lines.next()).value as string | undefined,
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
