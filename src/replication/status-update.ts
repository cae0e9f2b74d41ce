// The bytes of a standby status update. The package's own `acknowledge` sends the LSN + 1, which skips a transaction whose
// commit record starts exactly there; this sends exactly what may be forgotten.
// https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-STANDBY-STATUS-UPDATE
import type { Lsn } from '../lsn.ts';
import { postgresEpochMs } from './pgoutput.ts';

/** `shouldReply` asks the server for a keepalive at once. A zero LSN confirms nothing and only shows that we live. */
export function statusUpdate(confirmed: Lsn, shouldReply: boolean, nowMs: number): Buffer {
  const bytes = Buffer.alloc(34);
  bytes.writeUInt8(0x72, 0);
  bytes.writeBigUInt64BE(confirmed, 1);
  bytes.writeBigUInt64BE(confirmed, 9);
  bytes.writeBigUInt64BE(confirmed, 17);
  bytes.writeBigInt64BE(BigInt(Math.round(nowMs - postgresEpochMs)) * 1000n, 25);
  bytes.writeUInt8(shouldReply ? 1 : 0, 33);
  return bytes;
}
