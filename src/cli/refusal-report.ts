/** How a refusal is told: in words on stderr, or for scripts as one JSON object on stdout. */
import { nextAfterRefusal } from './auction-text.ts';
import { CliError } from './cli-error.ts';
import { Refused } from './server-api.ts';
import type { Context } from './terminal.ts';

/** Runs a client command; what the server refused is told with what to try next. */
export async function reportRefusal(
  context: Context,
  json: boolean,
  run: () => Promise<void>,
  currency: () => string | null = () => null,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (json) {
      context.terminal.out(JSON.stringify(error.body));
      context.exitCode = error.exitCode;
      return;
    }
    const minimum = error.body['minimumNextCents'];
    const next = nextAfterRefusal(
      error.refusal,
      typeof minimum === 'number' ? minimum : 0,
      currency(),
    );
    throw new CliError(error.exitCode, error.message, next, { cause: error });
  }
}
