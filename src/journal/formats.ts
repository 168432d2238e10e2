/** The kinds and versions of the stored files. Anything else is refused, never guessed at. */

/** Stands in the header of a log: "GVLG". */
export const LOG_APPLICATION_ID = 0x4756_4c47;
export const LOG_FORMAT = 1;

/** Stands in the header of an incremental snapshot: "GVST". */
export const STATE_APPLICATION_ID = 0x4756_5354;
export const STATE_FORMAT = 1;
