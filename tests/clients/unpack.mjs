// Chromium out of its npm package into a folder: the program, and the libraries that a bare system lacks.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const [packages, into] = process.argv.slice(2);
const bin = join(packages, "node_modules", "@sparticuz", "chromium", "bin");
const unpacked = (name) => brotliDecompressSync(readFileSync(join(bin, name)));

mkdirSync(into, { recursive: true });
writeFileSync(join(into, "chromium"), unpacked("chromium.br"));
chmodSync(join(into, "chromium"), 0o755);
for (const name of ["al2023.tar.br", "swiftshader.tar.br", "fonts.tar.br"]) {
  execFileSync("tar", ["-x", "-C", into], { input: unpacked(name) });
}
