// What pgoutput would send, as bytes. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import { postgresEpochMs } from '../../src/replication/pgoutput.ts';

export interface TableShape {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** All of identity full. */
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
}

export type Values = readonly (string | null)[];

export function beginBytes({
  commitLsn,
  wallMs,
  xid,
}: {
  commitLsn: bigint;
  wallMs: number;
  xid: number;
}): Buffer {
  const message = Buffer.alloc(21);
  message.write('B');
  message.writeBigUInt64BE(commitLsn, 1);
  message.writeBigInt64BE(BigInt(wallMs - postgresEpochMs) * 1000n, 9);
  message.writeUInt32BE(xid, 17);
  return message;
}

export function commitBytes({ commitLsn, endLsn }: { commitLsn: bigint; endLsn: bigint }): Buffer {
  const message = Buffer.alloc(26);
  message.write('C');
  message.writeBigUInt64BE(commitLsn, 2);
  message.writeBigUInt64BE(endLsn, 10);
  return message;
}

export function relationBytes({ oid, schema, name, columns }: TableShape): Buffer {
  const described = columns.map((column) =>
    Buffer.concat([Buffer.from([1]), text(column.name), uint32(column.typeOid), uint32(0xffff_ffff)]),
  );
  const head = [
    Buffer.from('R'),
    uint32(oid),
    text(schema),
    text(name),
    Buffer.from('f'),
    uint16(columns.length),
  ];
  return Buffer.concat([...head, ...described]);
}

/** INSERT, UPDATE or DELETE: by what there is of old row and new. */
export function rowBytes(oid: number, old: Values | null, record: Values | null): Buffer {
  const kind = old === null ? 'I' : record === null ? 'D' : 'U';
  const before = old === null ? [] : [Buffer.from('O'), tuple(old)];
  const after = record === null ? [] : [Buffer.from('N'), tuple(record)];
  return Buffer.concat([Buffer.from(kind), uint32(oid), ...before, ...after]);
}

export function truncateBytes(oids: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('T'), uint32(oids.length), Buffer.from([0]), ...oids.map(uint32)]);
}

function tuple(values: Values): Buffer {
  const cells = values.map((value) => {
    if (value === null) return Buffer.from('n');
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from('t'), uint32(bytes.length), bytes]);
  });
  return Buffer.concat([uint16(values.length), ...cells]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
