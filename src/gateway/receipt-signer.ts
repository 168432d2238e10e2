/**
 * Signs what a shard stated of a bid command, for a WebSocket. The signature is made on another
 * thread, so the receipt leaves a moment after the shard's reply; until then it counts as in flight.
 */
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { decodeAs } from '../protocol/frame.ts';
import { RECEIPT } from '../protocol/messages/receipt.ts';
import type { ReceiptOffice } from '../receipt/office.ts';
import type { GatewayLog } from './gateway-log.ts';
import type { Sender } from './sender.ts';
import type { Session } from './session.ts';

const RECEIPT_NUMBER = RECEIPT.number;

export class ReceiptSigner {
  readonly #office: ReceiptOffice;
  readonly #sender: Sender;
  readonly #log: GatewayLog;
  readonly #writer = new MsgpackWriter(1024);

  constructor(office: ReceiptOffice, sender: Sender, log: GatewayLog) {
    this.#office = office;
    this.#sender = sender;
    this.#log = log;
  }

  /** Whether a reply is a statement, which must not leave as it is. */
  isStatement(bytes: Uint8Array): boolean {
    return bytes[1] === RECEIPT_NUMBER;
  }

  /** Sends the receipt, or a refusal, as soon as it is there. */
  sign(session: Session, bytes: Uint8Array): void {
    const { id, receipt } = decodeAs(RECEIPT, bytes);
    void this.#answer(session, id, receipt);
  }

  async #answer(session: Session, id: number, statement: string): Promise<void> {
    try {
      const receipt = await this.#office.sign(statement);
      this.#writer.clear();
      RECEIPT.write(this.#writer, { id, receipt });
      this.#sender.send(session, this.#writer.view());
    } catch (error) {
      this.#log.error({ err: error, conn: session.conn }, 'a receipt could not be signed');
      this.#sender.refuse(session, id, 'INTERNAL');
    } finally {
      session.answered();
    }
  }
}
