/**
 * The file in a form as browsers and curl send it (multipart/form-data, RFC 7578): exactly one
 * part, with a file name. Other fields, nested forms and transfer encodings are not taken.
 *
 *   --boundary CRLF headers CRLF CRLF file CRLF --boundary-- CRLF
 */
import { MalformedField } from '../protocol/field.ts';

const BOUNDARY =
  /^multipart\/form-data\s*;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))\s*$/i;
const FILE_NAMED = /^content-disposition:\s*form-data\s*;.*\bfilename\*?=/im;
const ENCODED = /^content-transfer-encoding:(?!\s*binary\s*$)/im;

/** Whether a body of this type is a form. */
export function isForm(contentType: string): boolean {
  return /^multipart\//i.test(contentType);
}

/** A view into the body. @throws MalformedField */
export function fileOf(contentType: string, body: Uint8Array): Uint8Array {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) {
    throw new MalformedField('must be multipart/form-data with a boundary', 'content-type');
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const open = Buffer.from(`--${boundary}\r\n`, 'latin1');
  const close = Buffer.from(`\r\n--${boundary}`, 'latin1');
  if (!bytes.subarray(0, open.length).equals(open)) throw malformed('must begin with its boundary');
  const headEnd = bytes.indexOf('\r\n\r\n', open.length - 2, 'latin1');
  if (headEnd === -1) throw malformed('must hold a file');
  const head = bytes.toString('latin1', open.length, Math.max(open.length, headEnd));
  const start = headEnd + 4;
  const end = bytes.indexOf(close, start);
  if (end === -1) throw malformed('must end with its boundary');
  const rest = bytes.toString('latin1', end + close.length);
  if (rest !== '--' && rest !== '--\r\n') throw malformed('must hold one file and nothing else');
  if (!FILE_NAMED.test(head)) throw malformed('must hold a file, with a file name');
  if (ENCODED.test(head)) throw malformed('must hold the file as it is, without an encoding');
  return bytes.subarray(start, end);
}

function malformed(reason: string): MalformedField {
  return new MalformedField(reason, 'body');
}
