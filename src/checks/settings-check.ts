// Judges whether a connection of ours writes values as payloads need them. Pure: facts in, check out.
import { differentSettings, settingsLost } from '../replication/server-identity.ts';
import { failOf, ok, type Check } from './check.ts';

export function checkSettings(
  actual: ReadonlyMap<string, string>,
  wanted: Readonly<Record<string, string>>,
): Check {
  const differences = differentSettings(actual, wanted);
  if (differences.length > 0) return failOf('session settings', settingsLost(differences));
  return ok('session settings', `all ${Object.keys(wanted).length} arrive as set`);
}
