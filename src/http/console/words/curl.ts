// A delivery as a curl command: the same bytes to the same address, ready to be pasted into a shell.

export function curlOf(url: string, body: string): string {
  return [
    'curl --request POST',
    '--header "Content-Type: application/json"',
    `--data-raw ${quoted(body)}`,
    quoted(url),
  ].join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
