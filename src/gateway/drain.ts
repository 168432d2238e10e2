/**
 * Sends clients away without a rush: closes are spread over the time given, those first that wait
 * for no answer, and who is left at the end is closed then.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Session } from './session.ts';

const STEP_MS = 20;
/** This share of the time is for spreading the closes; the rest for late answers. */
const SPREAD_SHARE = 0.6;

export interface DrainOptions {
  readonly withinMs: number;
  /** Open sessions at present. */
  readonly sessions: () => readonly Session[];
  readonly close: (session: Session) => void;
  /** Whether requests are still being answered. */
  readonly busy: () => boolean;
}

export async function drainSessions(options: DrainOptions): Promise<void> {
  const { withinMs, sessions, close, busy } = options;
  const startedMs = performance.now();
  const total = sessions().length;
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    const open = sessions();
    if (open.length === 0 && !busy()) return;
    if (elapsedMs >= withinMs) {
      for (const session of open) close(session);
      return;
    }
    const share = Math.min(1, elapsedMs / (withinMs * SPREAD_SHARE));
    let due = Math.ceil(total * share) - (total - open.length);
    for (const session of open) {
      if (due <= 0) break;
      if (session.inFlight > 0) continue;
      close(session);
      due -= 1;
    }
    await pause(STEP_MS);
  }
}
