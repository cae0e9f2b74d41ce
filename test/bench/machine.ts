// The machine, as far as it explains numbers. Nothing that tells whose it is.
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem, type as systemType } from 'node:os';
import { Client } from 'pg';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
}

export async function describeMachine(postgresUrl: string): Promise<Machine> {
  return {
    cpu: await cpuModel(),
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${systemType()} ${process.arch}`,
    node: process.versions.node,
    postgres: await postgresVersion(postgresUrl),
  };
}

export function machineText({ cpu, cores, memoryGiB, system, node, postgres }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, Postgres ${postgres}`;
}

/** Some virtual machines keep the name back and tell family and model only. */
async function cpuModel(): Promise<string> {
  const name = cpus()[0]?.model.trim() ?? '';
  if (name !== '' && name !== 'unknown') return name;
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const field = (key: string): string => new RegExp(`^${key}\\s*: (.+)$`, 'm').exec(text)?.[1] ?? '?';
  return `${field('vendor_id')} family ${field('cpu family')} model ${field('model')}`;
}

async function postgresVersion(postgresUrl: string): Promise<string> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '?';
  } finally {
    await client.end();
  }
}
