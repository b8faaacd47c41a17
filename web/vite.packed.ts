/** A packed copy beside each file that packs. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Plugin } from "vite";

const PACKED = /\.(js|css|html|svg|webmanifest)$/;

export function packed(folder: string): Plugin {
  return {
    name: "xunjian-packed",
    apply: "build",
    enforce: "post",
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && PACKED.test(entry.name))
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}
