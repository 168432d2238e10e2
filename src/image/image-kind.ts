/**
 * What kind of image a file is, by its first bytes: neither its name nor what the client calls it
 * is believed. What is none of these kinds never reaches a decoder.
 */
export type ImageKind = 'jpeg' | 'png' | 'gif' | 'webp' | 'avif';

export const KINDS_TAKEN = 'JPEG, PNG, WebP, AVIF or GIF';

const AVIF_BRANDS = ['avif', 'avis'];
/** Brands that an AVIF file may name beside its own are in the first box; it is short. */
const BRANDS_BYTES_MAX = 256;

/** Undefined: none that is taken. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16));
  const text = head.toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp';
  return text.slice(4, 8) === 'ftyp' && namesAvif(bytes) ? 'avif' : undefined;
}

/** The box `ftyp`: its length, its name, the main brand, a version, and further brands. */
function namesAvif(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < 16) return false;
  const end = Math.min(file.readUInt32BE(0), file.length, BRANDS_BYTES_MAX);
  for (let at = 8; at + 4 <= end; at += 4) {
    if (at !== 12 && AVIF_BRANDS.includes(file.toString('latin1', at, at + 4))) return true;
  }
  return false;
}
