/** How the phone is built: hashed files, a service worker that knows them by name, and packed copies of all. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

const PHONE = join(import.meta.dirname, "phone");
const BUILT = join(import.meta.dirname, "dist", "phone");
const PACKED = /\.(js|css|html|svg|webmanifest)$/;

/** The service worker with the list of what it keeps, and a version that changes with any byte of it. */
function serviceWorker(): Plugin {
  return {
    name: "xunjian-service-worker",
    apply: "build",
    enforce: "post",
    closeBundle() {
      const names = readdirSync(BUILT, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith(".gz") && entry.name !== "sw.js")
        .map((entry) => join(entry.parentPath, entry.name).slice(BUILT.length + 1))
        .sort();
      const digest = createHash("sha256");
      for (const name of names) digest.update(name).update(readFileSync(join(BUILT, name)));
      const source = readFileSync(join(PHONE, "sw.js"), "utf8");
      digest.update(source);
      const files = JSON.stringify(names.map((name) => (name === "index.html" ? "./" : name)));
      const worker = source
        .replace('"__VERSION__"', JSON.stringify(digest.digest("hex").slice(0, 12)))
        .replace('"__FILES__"', files);
      writeFileSync(join(BUILT, "sw.js"), worker);
      for (const name of [...names, "sw.js"].filter((each) => PACKED.test(each))) {
        writeFileSync(join(BUILT, `${name}.gz`), gzipSync(readFileSync(join(BUILT, name)), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  root: PHONE,
  base: "/phone/",
  publicDir: join(PHONE, "public"),
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: ["chrome111", "safari16.4", "firefox128"], // CompressionStream, Web Locks, private names
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no data: URLs
    reportCompressedSize: false,
  },
  // Its own entry leads to the ES5 build, for bundlers that mix module systems: ours does not.
  resolve: { alias: { dexie: join(import.meta.dirname, "node_modules", "dexie", "dist", "modern", "dexie.min.mjs") } },
  plugins: [serviceWorker()],
});
