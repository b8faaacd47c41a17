/**
 * Two people's edits of one text, merged where they do not touch each other (diff3 on characters).
 *
 * Never fuzzy: an edit that touches the other's is no merge but a question (protocol.md §4). The
 * edits must be those that the server finds, so the longest matching block is looked for as Python's
 * difflib does it, without its shortcut for frequent characters: in Chinese text, half of them.
 */

const LIMIT = 5_000; // characters; above it a person should look
// Pairs of equal characters that a search may look at, and characters that it may pass (sync/diff3.py says why).
const WORK = 400_000;

/** `base[start:stop]` becomes `text`. */
interface Edit {
  start: number;
  stop: number;
  text: string;
}

/** Both edits of `base` in one text, or null where they overlap, a text is above LIMIT, or to tell them takes more than WORK. */
export function mergeText(base: string, current: string, mine: string): string | null {
  if (current === mine) return current;
  // Characters, not UTF-16 units: half of a rare character is none.
  const [was, theirs, ours] = [Array.from(base), Array.from(current), Array.from(mine)];
  if (Math.max(was.length, theirs.length, ours.length) > LIMIT) return null;
  const [other, own] = [edits(was, theirs), edits(was, ours)];
  if (!other || !own) return null;
  const extra = own.filter((edit) => !other.some((same) => equal(edit, same)));
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

/**
 * What turns `base` into `changed`, left to right; null where the search takes more than WORK.
 *
 * What both begin and end with is no edit and is not searched: most edits are one stretch.
 */
function edits(base: string[], changed: string[]): Edit[] | null {
  const head = alike(base, changed, (at) => at);
  const rest = Math.min(base.length, changed.length) - head;
  const tail = Math.min(
    rest,
    alike(base, changed, (at, { length }) => length - 1 - at),
  );
  const inner = base.slice(head, base.length - tail);
  const other = changed.slice(head, changed.length - tail);
  const blocks = matchingBlocks(inner, other);
  if (!blocks) return null;
  const found: Edit[] = [];
  let [from, to] = [0, 0];
  for (const [a, b, size] of [...blocks, [inner.length, other.length, 0] as const]) {
    if (from < a || to < b) found.push({ start: head + from, stop: head + a, text: other.slice(to, b).join("") });
    [from, to] = [a + size, b + size];
  }
  return found;
}

/** How many characters are the same in both, from one end: `place` says where the n-th stands. */
function alike(one: string[], other: string[], place: (at: number, text: string[]) => number): number {
  const shorter = Math.min(one.length, other.length);
  let at = 0;
  while (at < shorter && one[place(at, one)] === other[place(at, other)]) at += 1;
  return at;
}

type Block = readonly [number, number, number];

/** Blocks `[in base, in changed, length]` that stand in both, in order; null where that takes more than WORK. */
function matchingBlocks(base: string[], changed: string[]): Block[] | null {
  const places = new Map<string, number[]>();
  changed.forEach((character, at) => {
    const known = places.get(character);
    if (known) known.push(at);
    else places.set(character, [at]);
  });
  const blocks: Block[] = [];
  let left = WORK;
  const waiting: [number, number, number, number][] = [[0, base.length, 0, changed.length]];
  for (let span = waiting.pop(); span; span = waiting.pop()) {
    const [aLow, aHigh, bLow, bHigh] = span;
    for (let a = aLow; a < aHigh; a += 1) left -= 1 + (places.get(base[a] as string)?.length ?? 0);
    if (left < 0) return null;
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
