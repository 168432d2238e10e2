/**
 * Topics for those who are no WebSocket: the library publishes to sockets only, so what goes to a
 * topic of JSON is handed on here too, in the same order. A message is parsed once for all.
 */
import type { Publish } from './socket.ts';

/** A message as JSON shows it; which fields there are depends on the type. */
export interface JsonMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Follower {
  deliver(message: JsonMessage, text: string): void;
}

export class LocalTopics {
  readonly #followers = new Map<string, Set<Follower>>();

  join(topic: string, follower: Follower): void {
    const followers = this.#followers.get(topic);
    if (followers === undefined) this.#followers.set(topic, new Set([follower]));
    else followers.add(follower);
  }

  leave(topic: string, follower: Follower): void {
    const followers = this.#followers.get(topic);
    if (followers?.delete(follower) === true && followers.size === 0) {
      this.#followers.delete(topic);
    }
  }

  /** A publish that reaches the sockets and the followers. */
  beside(publish: Publish): Publish {
    return (topic, message, isBinary) => {
      publish(topic, message, isBinary);
      if (typeof message === 'string') this.#publish(topic, message);
    };
  }

  #publish(topic: string, text: string): void {
    const followers = this.#followers.get(topic);
    if (followers === undefined) return;
    const message = messageOf(text);
    for (const follower of followers) follower.deliver(message, text);
  }
}

/** A message of our own making, back from its text. */
export function messageOf(text: string): JsonMessage {
  return JSON.parse(text) as JsonMessage;
}
