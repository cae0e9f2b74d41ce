/**
 * Removes what is half made when we are gone, even by SIGKILL: a shell that waits for the end of a pipe whose other end
 * only we hold. In a session of its own, so that Ctrl-C reaches us alone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { postgresEnvironment } from './os-user.ts';

// What still writes there is asked to end first: initdb ends after its current step, and takes its own files away.
const GUARD_SCRIPT = `program= made=
while read -r word value; do
  case "$word" in
    done) exit 0 ;;
    started) program=$value ;;
    ended) program= ;;
    made) made=yes ;;
  esac
done
if [ -n "$program" ] && kill -s TERM "$program" 2>/dev/null; then
  for _ in $(seq 200); do kill -0 "$program" 2>/dev/null || break; sleep 0.1; done
fi
rm -rf -- "$1"
[ -z "$made" ] || rm -rf -- "$2"`;

export interface GuardedFolders {
  readonly staging: string;
  /** Removed, too, once `folderMade` was called. */
  readonly folder: string;
}

export class FolderGuard implements Disposable {
  readonly #process: ChildProcess;

  constructor({ staging, folder }: GuardedFolders) {
    this.#process = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'sh', staging, folder], {
      cwd: '/',
      detached: true,
      env: postgresEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#process.on('error', () => undefined);
    this.#process.stdin?.on('error', () => undefined);
  }

  /** A program that works in the folder; its process id. */
  programStarted(pid: number): void {
    this.#tell(`started ${pid}`);
  }

  programEnded(): void {
    this.#tell('ended');
  }

  folderMade(): void {
    this.#tell('made');
  }

  /** Nothing is removed any more. */
  [Symbol.dispose](): void {
    this.#process.stdin?.end('done\n');
    this.#process.unref();
  }

  #tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }
}
