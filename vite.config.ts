/** The console's build: src/http/console to dist/console. It fails when what a browser loads is larger than it may be. */
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Of everything together, as it goes over the wire. */
const maxZippedBytes = 250_000;

export default defineConfig({
  root: 'src/http/console',
  base: './',
  mode: 'production',
  // Also where NODE_ENV says otherwise, as in a test run: React's slow half is for developing React pages.
  define: { 'process.env.NODE_ENV': JSON.stringify('production') },
  oxc: { jsx: { runtime: 'automatic', development: false } },
  build: {
    outDir: '../../../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark their modules for servers that render; here is none.
      onLog: (level, log, next) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log);
      },
    },
  },
  plugins: [sizeLimit()],
});

function sizeLimit(): Plugin {
  return {
    name: 'size-limit',
    writeBundle(_options, bundle) {
      const sizes = Object.values(bundle).map(
        (file) => gzipSync(file.type === 'chunk' ? file.code : file.source).length,
      );
      const total = sizes.reduce((sum, size) => sum + size, 0);
      this.info(`the console is ${Math.ceil(total / 1000)} kB compressed`);
      if (total > maxZippedBytes) {
        this.error(`the console is ${total} bytes compressed, and may have ${maxZippedBytes} at most`);
      }
    },
  };
}
