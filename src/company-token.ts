// A company's token: a short-lived JWT (HS256) with `companyId`, made by `rowhook token` or by the application itself with the
// shared secret. The only file that imports jose.
import { errors, jwtVerify, SignJWT } from 'jose';

export const longestTokenSeconds = 24 * 3_600;

/** `isForged`: it is not signed with the secret. */
export type TokenCheck =
  | { readonly companyId: string; readonly expiresAtMs: number }
  | { readonly problem: string; readonly isForged: boolean };

/** @returns the JWT; it is valid from now on for so many seconds. */
export async function signCompanyToken(
  companyId: string,
  { secret, seconds }: { readonly secret: string; readonly seconds: number },
): Promise<string> {
  return await new SignJWT({ companyId })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`)
    .sign(new TextEncoder().encode(secret));
}

/** Of what is wrong it says no more than whoever made the token may know. */
export async function checkCompanyToken(token: string, secret: string): Promise<TokenCheck> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
      clockTolerance: 5,
    });
    const { companyId, exp = 0 } = payload;
    if (!isCompanyId(companyId)) return { problem: 'the token has no companyId', isForged: false };
    if (exp - Date.now() / 1000 > longestTokenSeconds + 60) {
      return { problem: 'the token is valid for more than 24 hours; make shorter ones', isForged: false };
    }
    return { companyId, expiresAtMs: exp * 1000 };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { problem: 'the token has expired', isForged: false };
    if (error instanceof errors.JOSEError) return { problem: 'the token is not valid here', isForged: true };
    throw error;
  }
}

function isCompanyId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > 200) return false;
  return value.isWellFormed() && !value.includes('\0');
}
