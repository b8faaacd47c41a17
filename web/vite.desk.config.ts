/** How the desk is built: hashed files, packed copies beside them; screens that few open are files of their own. */

import { join } from "node:path";

import { defineConfig } from "vite";

import { packed } from "./vite.packed.ts";

const DESK = join(import.meta.dirname, "desk");
const BUILT = join(import.meta.dirname, "dist", "desk");

export default defineConfig({
  root: DESK,
  base: "/desk/",
  publicDir: join(DESK, "public"),
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: ["chrome111", "safari16.4", "firefox128"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no data: URLs
    reportCompressedSize: false,
  },
  plugins: [packed(BUILT)],
});
