import { gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Packs each file once, here, so that the hub does not have to. */
function packed(): Plugin {
  return {
    name: 'packed',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        const source = file.type === 'chunk' ? file.code : file.source;
        const bytes = gzipSync(source, { level: 9 });
        if (bytes.length < source.length * 0.9) {
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: bytes });
        }
      }
    },
  };
}

const hub = process.env['CUELIGHT_HUB'] ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [svelte(), packed()],
  build: {
    outDir: 'built/page',
    emptyOutDir: true,
    // The hub's page and a node's own; what both use is in files of its own.
    rollupOptions: { input: ['index.html', 'node.html'] },
    // Nothing is inlined: the hub's content security policy allows files of its own only.
    assetsInlineLimit: 0,
    modulePreload: false,
    target: 'es2022',
    reportCompressedSize: false,
  },
  // `npx vite` beside a hub.
  server: { proxy: { '/api': { target: hub, ws: true }, '/health': hub } },
});
