/** Most rows that a query gives at once. */
export const maxQueryRows = 10_000;
/** Rows of one page: at 64 KiB a row, 16 MiB. */
export const pageRows = 256;
/** Most statements of a batch. */
export const maxBatch = 64;
