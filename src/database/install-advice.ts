/**
 * What an operator still has to do after an installation: the service's login role, and server settings that
 * logical replication needs. Facts are read once; the lines are a pure function of them.
 */
import type { Client } from 'pg';

export interface ServerFacts {
  readonly walLevel: string;
  readonly maxReplicationSlots: number;
  readonly usedReplicationSlots: number;
  readonly maxWalSenders: number;
  /** Login roles in rowhook_service that are no superusers. */
  readonly logins: readonly { readonly quotedName: string; readonly replication: boolean }[];
  /** A login `rowhook` that is in no group of ours, as an uninstallation leaves it. */
  readonly hasFormerLogin: boolean;
  /** A role of this name exists on RDS and Aurora, where REPLICATION cannot be granted. */
  readonly hasRdsReplication: boolean;
  /** CONNECT is PUBLIC's unless somebody took it away. */
  readonly publicMayConnect: boolean;
  readonly quotedDatabase: string;
}

export async function adviceAfterInstall(client: Client): Promise<string[]> {
  const { rows } = await client.query<ServerFacts>(factsQuery);
  return rows[0] ? advice(rows[0]) : [];
}

export function advice(facts: ServerFacts): string[] {
  return [...serverAdvice(facts), ...loginAdvice(facts)];
}

function serverAdvice(facts: ServerFacts): string[] {
  const lines: string[] = [];
  if (facts.walLevel !== 'logical') {
    lines.push(
      `WARNING: wal_level is ${facts.walLevel}, so the log holds no row changes that could be read. ` +
        (facts.hasRdsReplication
          ? 'Set rds.logical_replication = 1 in the parameter group, then reboot.'
          : `As a superuser run: alter system set wal_level = 'logical'; then restart Postgres.`),
    );
  }
  if (facts.usedReplicationSlots >= facts.maxReplicationSlots) {
    const wanted = facts.usedReplicationSlots + 4;
    lines.push(
      `WARNING: all ${facts.maxReplicationSlots} replication slots are in use. ` +
        `As a superuser run: alter system set max_replication_slots = ${wanted}; then restart Postgres.`,
    );
  }
  if (facts.maxWalSenders === 0) {
    lines.push(
      'WARNING: max_wal_senders is 0. As a superuser run: alter system set max_wal_senders = 10; then restart Postgres.',
    );
  }
  return lines;
}

function loginAdvice(facts: ServerFacts): string[] {
  const lines: string[] = [];
  const [first] = facts.logins;
  if (!first && facts.hasFormerLogin) {
    lines.push('To let the role rowhook be the service’s login, run: grant rowhook_service to rowhook;');
  } else if (!first) {
    const groups = facts.hasRdsReplication ? 'rowhook_service, rds_replication' : 'rowhook_service';
    const replication = facts.hasRdsReplication ? '' : 'replication ';
    lines.push(
      'The service needs a login role. As a superuser run:',
      `  create role rowhook login ${replication}password '…' in role ${groups};`,
    );
  }
  for (const login of facts.logins.filter((candidate) => !candidate.replication)) {
    const statement = facts.hasRdsReplication
      ? `grant rds_replication to ${login.quotedName};`
      : `alter role ${login.quotedName} replication;`;
    lines.push(`Role ${login.quotedName} may not replicate. As a superuser run: ${statement}`);
  }
  if (!facts.publicMayConnect) {
    const login = first?.quotedName ?? 'rowhook';
    lines.push(
      `Not everybody may connect here. Let the service: grant connect on database ${facts.quotedDatabase} to ${login};`,
    );
  }
  if (first?.replication === true) lines.push(`The service can log in as ${first.quotedName}.`);
  return lines;
}

const factsQuery = `
  select
    current_setting('wal_level') as "walLevel",
    current_setting('max_replication_slots')::integer as "maxReplicationSlots",
    (select count(*)::integer from pg_replication_slots) as "usedReplicationSlots",
    current_setting('max_wal_senders')::integer as "maxWalSenders",
    (select coalesce(json_agg(json_build_object('quotedName', quote_ident(r.rolname),
        'replication', r.rolreplication or exists (
          select from pg_roles p where p.rolname = 'rds_replication' and pg_has_role(r.oid, p.oid, 'member'))
      ) order by r.rolreplication desc, r.rolname), '[]')
     from pg_roles r
     where r.rolcanlogin and not r.rolsuper and pg_has_role(r.oid, 'rowhook_service', 'usage')) as logins,
    exists (select from pg_roles where rolname = 'rowhook' and rolcanlogin) as "hasFormerLogin",
    exists (select from pg_roles where rolname = 'rds_replication') as "hasRdsReplication",
    has_database_privilege('public', current_database(), 'connect') as "publicMayConnect",
    quote_ident(current_database()) as "quotedDatabase"`;
