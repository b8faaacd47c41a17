/**
 * Two people's edits of one text, merged where they do not touch each other (diff3 on characters).
 *
 * Never fuzzy: an edit that touches the other's is no merge but a question (protocol.md §4). The
 * edits must be those that the server finds, so the longest matching block is looked for as Python's
 * difflib does it, without its shortcut for frequent characters: in Chinese text, half of them.
 */

const LIMIT = 5_000; // characters; the search is quadratic, and above it a person should look

/** `base[start:stop]` becomes `text`. */
interface Edit {
  start: number;
  stop: number;
  text: string;
}

/** Both edits of `base` in one text, or null where they overlap or a text is above LIMIT. */
export function mergeText(base: string, current: string, mine: string): string | null {
  if (current === mine) return current;
  // Characters, not UTF-16 units: half of a rare character is none.
  const [was, theirs, ours] = [Array.from(base), Array.from(current), Array.from(mine)];
  if (Math.max(was.length, theirs.length, ours.length) > LIMIT) return null;
  const other = edits(was, theirs);
  const extra = edits(was, ours).filter((edit) => !other.some((same) => equal(edit, same)));
  if (extra.some((edit) => other.some((there) => touch(edit, there)))) return null;
  const merged = [...was];
  for (const edit of [...other, ...extra].sort((a, b) => b.start - a.start)) {
    merged.splice(edit.start, edit.stop - edit.start, ...Array.from(edit.text));
  }
  return merged.join("");
}

const equal = (a: Edit, b: Edit): boolean => a.start === b.start && a.stop === b.stop && a.text === b.text;

// Ends included: which of two neighbours comes first is a guess.
const touch = (a: Edit, b: Edit): boolean => a.start <= b.stop && b.start <= a.stop;

/** What turns `base` into `changed`, left to right. */
function edits(base: string[], changed: string[]): Edit[] {
  const found: Edit[] = [];
  let [from, to] = [0, 0];
  for (const [a, b, size] of [...matchingBlocks(base, changed), [base.length, changed.length, 0] as const]) {
    if (from < a || to < b) found.push({ start: from, stop: a, text: changed.slice(to, b).join("") });
    [from, to] = [a + size, b + size];
  }
  return found;
}

type Block = readonly [number, number, number];

/** Blocks `[in base, in changed, length]` that stand in both, in order. */
function matchingBlocks(base: string[], changed: string[]): Block[] {
  const places = new Map<string, number[]>();
  changed.forEach((character, at) => {
    const known = places.get(character);
    if (known) known.push(at);
    else places.set(character, [at]);
  });
  const blocks: Block[] = [];
  const waiting: [number, number, number, number][] = [[0, base.length, 0, changed.length]];
  for (let span = waiting.pop(); span; span = waiting.pop()) {
    const [aLow, aHigh, bLow, bHigh] = span;
    const [a, b, size] = longest(base, places, aLow, aHigh, bLow, bHigh);
    if (!size) continue;
    blocks.push([a, b, size]);
    if (aLow < a && bLow < b) waiting.push([aLow, a, bLow, b]);
    if (a + size < aHigh && b + size < bHigh) waiting.push([a + size, aHigh, b + size, bHigh]);
  }
  return blocks.sort((one, two) => one[0] - two[0] || one[1] - two[1]);
}

/** The longest block within the spans; of several the first in `base`, then the first in `changed`. */
function longest(
  base: string[],
  places: Map<string, number[]>,
  aLow: number,
  aHigh: number,
  bLow: number,
  bHigh: number,
): Block {
  let best: Block = [aLow, bLow, 0];
  let before = new Map<number, number>(); // place in `changed` → length of the match that ends there
  for (let a = aLow; a < aHigh; a += 1) {
    const here = new Map<number, number>();
    for (const b of places.get(base[a] as string) ?? []) {
      if (b < bLow) continue;
      if (b >= bHigh) break;
      const size = (before.get(b - 1) ?? 0) + 1;
      here.set(b, size);
      if (size > best[2]) best = [a - size + 1, b - size + 1, size];
    }
    before = here;
  }
  return best;
}
