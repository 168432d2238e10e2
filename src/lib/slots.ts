/**
 * Numbers that stand for something as long as it is there: a slot (20 bits), which is used again,
 * and the slot's generation (12 bits), by which a number that has gone is told from the one that has
 * its slot now. What is kept by slot stays as small as what there is at a time.
 */
const SLOT_BITS = 20;
export const SLOT_COUNT_MAX = 1 << SLOT_BITS;
export const GENERATION_COUNT = 1 << (32 - SLOT_BITS);
const SLOT_MASK = SLOT_COUNT_MAX - 1;

export function slotOf(number: number): number {
  return number & SLOT_MASK;
}

export function generationOf(number: number): number {
  return number >>> SLOT_BITS;
}
