// The snippets of docs/payload.md that parse a payload keep every digit. Each runs as a reader pastes it: into an empty file, with
// nothing but `body` given.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readExamples } from './examples.ts';

const page = readFileSync(new URL('../../docs/payload.md', import.meta.url), 'utf8');
const { snippets } = readExamples(page);

// The most that numeric has before its point.
const longest = '7'.repeat(131_072);
const numbers = `9007199254740993,9007199254740991,-42,0,9.00,10.50,-0.0000001,${longest}`;
const body = `{"record":{"note":"9.00 \\u00e9","none":null,"list":[${numbers}]}}`;

interface Run {
  readonly language: string;
  readonly command: string;
  readonly before: string;
  readonly after: string;
}

function run({ language, command, before, after }: Run): string {
  const code = snippets.filter((snippet) => snippet.language === language);
  expect(code, `the snippets in ${language}`).toHaveLength(1);
  const input = `${before} = ${JSON.stringify(body)}\n${code[0]?.code ?? ''}\n${after}\n`;
  const { error, status, stdout, stderr } = spawnSync(command, ['-'], { input, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`${command} is needed to check docs/payload.md, and does not run: ${error.message}`);
  expect(status, stderr).toBe(0);
  return stdout.trimEnd();
}

test('the snippet in JavaScript keeps every digit: safe whole numbers as numbers, all others as strings', () => {
  const after = 'console.log(JSON.stringify(payload.record.list))';
  expect(run({ language: 'js', command: process.execPath, before: 'const body', after })).toBe(
    `["9007199254740993",9007199254740991,-42,0,"9.00","10.50","-0.0000001","${longest}"]`,
  );
});

test('the snippet in Python keeps every digit: whole numbers as int, all others as Decimal', () => {
  const after = 'print(*payload["record"]["list"], type(payload["record"]["list"][4]).__name__)';
  expect(run({ language: 'py', command: 'python3', before: 'body', after })).toBe(
    `9007199254740993 9007199254740991 -42 0 9.00 10.50 -1E-7 ${longest} Decimal`,
  );
});

test('both snippets leave strings and null alone', () => {
  const js = 'console.log(payload.record.note, payload.record.none)';
  expect(run({ language: 'js', command: process.execPath, before: 'const body', after: js })).toBe(
    '9.00 é null',
  );
  const py = 'print(ascii(payload["record"]["note"]), payload["record"]["none"])';
  expect(run({ language: 'py', command: 'python3', before: 'body', after: py })).toBe("'9.00 \\xe9' None");
});
