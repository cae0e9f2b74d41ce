/**
 * The numbered files of sql/: forward-only, each applied once. Their highest number is the schema version that this release needs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Migration {
  readonly version: number;
  /** The file's name, as it is stored in `rowhook.migration`. */
  readonly name: string;
}

// The same relative place from src/database and from dist/database.
const folder = new URL('../../sql/', import.meta.url);

export function listMigrations(): Migration[] {
  return readdirSync(fileURLToPath(folder))
    .filter((name) => /^\d{3}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 3)), name }));
}

export function readMigration(migration: Migration): string {
  return readFileSync(new URL(migration.name, folder), 'utf8');
}

export function requiredSchemaVersion(): number {
  return Math.max(...listMigrations().map((migration) => migration.version));
}
