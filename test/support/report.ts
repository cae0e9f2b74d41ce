/** What a test measured, for whoever asks with ROWHOOK_TEST_REPORT=1; otherwise a green run stays quiet. */
export function report(measured: Readonly<Record<string, unknown>>): void {
  if (process.env['ROWHOOK_TEST_REPORT'] === '1') process.stdout.write(`${JSON.stringify(measured)}\n`);
}
