// How large what is sent may be, and how old its claim. One place, because several parts are held to the same: the row's message in
// the log, its texts and the finished payload; the one that sends and the one that takes over from it;
// what is read of a record and what is told of it.

/** Of a payload, in bytes. What is larger is not sent; the ledger says so, with the reason `too_large`. */
export const maxPayloadBytes = 16 * 1024 * 1024;

/** Of a body that the delivery log keeps, in bytes. */
export const maxLoggedBodyBytes = 1024 * 1024;

/** Of these no more are out at a time than fit into memory: 1 000 POSTs up to this size are 64 MB. */
export const largePayloadBytes = 64 * 1024;

/** After this the first byte of a claimed delivery leaves only when the term is proven again. A successor waits for it. */
export const termIsGoodForMs = 2_000;

/** Of a record: the newest, each with what became of it for every webhook. */
export const maxExplainedChanges = 20;
