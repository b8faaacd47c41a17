/** What a hand draws: each stroke a piece of an SVG path's data (server: sync/record.py, strokes). */

export type Point = [x: number, y: number];
export type Stroke = Point[];
/** Strokes as they are written down. A piece begins with its own `M`, so that each can be taken away alone. */
export type Pieces = readonly string[];
export type Tool = "pen" | "arrow" | "box";

/** Units across a picture that is drawn on: a finger is no finer, whatever the photograph's pixels. */
export const WIDE = 1_000;
/** Of a line over a picture, for one unit of the picture's width: seen at arm's length, and hides little. */
export const THICK = 0.008;
const MOST = 20_000; // characters that the record takes
const APART = 2; // units: closer points say nothing more
const BARB = 0.22; // of an arrow's length, at most LONGEST units
const LONGEST = 36;
const SPREAD = Math.PI / 7;

/** `M12 34L15 36 17 38`, in whole units. A touch without a way is a dot. */
export function spelled([first, ...others]: Stroke): string {
  if (!first) return "";
  return `M${first.join(" ")}L${(others.length ? others : [first]).map((point) => point.join(" ")).join(" ")}`;
}

export const joined = (pieces: Pieces): string => pieces.join("");

/** The pieces of a path, whoever spelled it: what lies between two of them stays as it is. */
export const pieces = (path: string): string[] => path.split(/(?=M)/).filter(Boolean);

const whole = ([x, y]: Point): Point => [Math.round(x), Math.round(y)];

/** The stroke with one point more, where that says something; the same one where it does not. */
export function longer(stroke: Stroke, point: Point): Stroke {
  const here = whole(point);
  const last = stroke.at(-1);
  return last && Math.hypot(here[0] - last[0], here[1] - last[1]) < APART ? stroke : [...stroke, here];
}

/** An arrow that points to `to`, in one stroke. */
export function arrow(from: Point, to: Point): Stroke {
  const [[x, y], [tip, top]] = [whole(from), whole(to)];
  const back = Math.atan2(y - top, x - tip);
  const long = Math.min(LONGEST, BARB * Math.hypot(x - tip, y - top));
  const barb = (turn: number): Point => whole([tip + long * Math.cos(back + turn), top + long * Math.sin(back + turn)]);
  return [[x, y], [tip, top], barb(SPREAD), [tip, top], barb(-SPREAD)];
}

/** A box between two of its corners, in one stroke. */
export function box(from: Point, to: Point): Stroke {
  const [[x, y], [across, down]] = [whole(from), whole(to)];
  return [
    [x, y],
    [across, y],
    [across, down],
    [x, down],
    [x, y],
  ];
}

/** The stroke under the hand when it comes to `point`: drawn on, or drawn anew from where it began. */
export function grown(tool: Tool, stroke: Stroke, point: Point): Stroke {
  const [first] = stroke;
  if (!first || tool === "pen") return longer(stroke, point);
  return tool === "arrow" ? arrow(first, point) : box(first, point);
}

/** Whether a stroke of this tool shows anything: an arrow or a box without extent is a slip of the hand. */
export function says(tool: Tool, stroke: Stroke): boolean {
  const [first] = stroke;
  if (!first || tool === "pen") return Boolean(first);
  return stroke.some(([x, y]) => Math.hypot(x - first[0], y - first[1]) > 4 * APART);
}

/** Whether there is room for so much in one record. */
export const fits = (drawn: Pieces): boolean => joined(drawn).length <= MOST;

/** Whether there is hardly any left. */
export const full = (drawn: Pieces): boolean => joined(drawn).length > MOST - 1_000;
