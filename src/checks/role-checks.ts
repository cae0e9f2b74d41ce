// Judges the login that looks: the rights that the service needs, and those that it does not. Pure: facts in, checks out.
import type { RoleFacts } from '../database/status/server.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** What a start cannot do without. */
export function checkServiceRights({ role, mayReplicate, isService }: RoleFacts): Check {
  if (!mayReplicate) {
    const remedy = `alter role ${role} replication;\nOn RDS and Aurora: grant rds_replication to ${role};`;
    return fail('rights', `The role ${role} may not replicate.`, remedy);
  }
  if (!isService) {
    const remedy = `grant rowhook_service to ${role};`;
    return fail('rights', `The role ${role} is not a member of rowhook_service.`, remedy);
  }
  return ok('rights', `${role}: REPLICATION, member of rowhook_service`);
}

/** As `status` sees it, which a DBA may run too. */
export function checkRights(role: RoleFacts): Check {
  if (!role.isService && role.isDba) {
    return ok(
      'rights',
      `${role.role} is a member of rowhook_dba; those of the service show when its own login runs this`,
    );
  }
  const needed = checkServiceRights(role);
  return needed.status === 'ok' ? (findExcess(role) ?? needed) : needed;
}

function findExcess({ role, isSuperuser, attributes, powerfulGroups }: RoleFacts): Check | null {
  if (attributes.length + powerfulGroups.length === 0) return null;
  const excess = `${role} may do more than the service needs: ${[...attributes, ...powerfulGroups].join(', ')}`;
  // It may be the only superuser of the server.
  if (isSuperuser) {
    const login = `create role rowhook login replication password '…' in role rowhook_service;`;
    return warn(
      'rights',
      excess,
      `${login}\nGive the service a login of its own, and leave ${role} as it is.`,
    );
  }
  const statements = [
    attributes.length === 0
      ? ''
      : `alter role ${role} ${attributes.map((attribute) => `no${attribute}`).join(' ')};`,
    powerfulGroups.length === 0 ? '' : `revoke ${powerfulGroups.join(', ')} from ${role};`,
  ];
  return warn(
    'rights',
    excess,
    `${statements.filter((statement) => statement !== '').join(' ')}\nOr give the service a login of its own: rowhook install prints the statement.`,
  );
}
