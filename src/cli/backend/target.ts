/** The address guard on save: a URL that no POST would be sent to is refused before it is stored. */
import { checkTarget } from '../../delivery/address-guard.ts';
import type { GuardOptions } from '../../delivery/address-guard.ts';
import { ExitError } from '../../exit-error.ts';

/** @throws {ExitError} with the setting that opens the target, where one does. */
export async function requireOpenTarget(url: string, options: GuardOptions): Promise<void> {
  const refusal = await checkTarget(url, options);
  if (refusal === null) return;
  const hasSetting = refusal.message.includes('ROWHOOK_');
  throw new ExitError(`--url is refused (${refusal.class}): ${refusal.message}`, {
    exitCode: 1,
    remedy: hasSetting
      ? 'Set it for this command and for the service: the service decides again at each POST.'
      : undefined,
  });
}
