/** How far this client has got on its private feed, so that a new connection goes on there. */
import type { Values } from '../protocol/field.ts';
import type { noticePosition } from '../protocol/common.ts';
import type { Welcome } from '../protocol/messages/welcome.ts';

export type NoticePosition = Values<{ readonly position: typeof noticePosition }>['position'];

export class FeedPlace {
  #position: NoticePosition | null = null;

  /** Null: it has not heard of any yet. */
  get position(): NoticePosition | null {
    return this.#position;
  }

  /** False: notices were missed that cannot be had any more. */
  welcomed({ position, recovered }: Welcome): boolean {
    const before = this.#position;
    this.#position = position;
    return before === null || position === null || recovered === true;
  }

  /** A notice with this number came. */
  heard(noticeSeq: number | null): void {
    if (noticeSeq === null || this.#position === null) return;
    this.#position = { epoch: this.#position.epoch, seq: noticeSeq };
  }
}
