/** The vectors that every client reads (tests/vectors/). */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "tests", "vectors");

export const vectors = <T>(name: string): T => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as T;
