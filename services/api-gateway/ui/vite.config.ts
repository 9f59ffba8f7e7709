import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The gateway of a pod that `npm run dev` talks to. */
const DEV_GATEWAY = 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/ui/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The page is served with `script-src 'self'; style-src 'self'`: nothing may stand inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': DEV_GATEWAY,
      '/raft': DEV_GATEWAY,
      '/ws': { target: DEV_GATEWAY, ws: true },
    },
  },
});
