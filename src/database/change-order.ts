/** Change ids in the order of the log, in SQL: `<epoch>-<commit LSN, 16 hexadecimal digits>-<index>`, and `-1` for the second part of a change. */
import { sql, type RawBuilder } from 'kysely';

type Text = RawBuilder<unknown>;

/** Both ends belong to it. False where one of the three is no change id. */
export function isChangeBetween(changeId: Text, from: Text, to: Text): RawBuilder<boolean> {
  return sql<boolean>`case when ${isChangeId(changeId)} and ${isChangeId(from)} and ${isChangeId(to)}
    then ${place(changeId)} between ${place(from)} and ${place(to)} else false end`;
}

/** False where one of them is no change id. */
export function isChangeBefore(changeId: Text, other: Text): RawBuilder<boolean> {
  return sql<boolean>`case when ${isChangeId(changeId)} and ${isChangeId(other)}
    then ${place(changeId)} < ${place(other)} else false end`;
}

function isChangeId(text: Text): Text {
  return sql`${text} ~ '^[0-9]+-[0-9A-F]{16}-[0-9]+(-1)?$'`;
}

function place(changeId: Text): Text {
  return sql`row(split_part(${changeId}, '-', 1)::int8, split_part(${changeId}, '-', 2) collate "C", split_part(${changeId}, '-', 3)::int8,
    split_part(${changeId}, '-', 4) collate "C")`;
}
