// How large what is sent may be. One place, because the row's message in the log, its texts and the finished payload are all held to it.

/** Of a payload, in bytes. What is larger is not sent; the ledger says so, with the reason `too_large`. */
export const maxPayloadBytes = 16 * 1024 * 1024;

/** Of these no more are out at a time than fit into memory: 1 000 POSTs up to this size are 64 MB. */
export const largePayloadBytes = 64 * 1024;
