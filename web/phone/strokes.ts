/** What a finger draws: strokes of points, spelled as the data of an SVG path (server: sync/record.py, strokes). */

export type Point = [x: number, y: number];
export type Stroke = Point[];

const MOST = 20_000; // characters that the record takes
const APART = 2; // units: closer points say nothing more

/** `M12 34L15 36 17 38M…`, in whole units. A touch without a way is a dot. */
export const spelled = (strokes: Stroke[]): string =>
  strokes
    .filter((stroke) => stroke.length)
    .map(([first = [0, 0], ...others]) => `M${first.join(" ")}L${(others.length ? others : [first]).join(" ")}`)
    .join("")
    .replaceAll(",", " ");

/** The stroke with one point more, where that says something; the same one where it does not. */
export function longer(stroke: Stroke, [x, y]: Point): Stroke {
  const here: Point = [Math.round(x), Math.round(y)];
  const last = stroke.at(-1);
  return last && Math.hypot(here[0] - last[0], here[1] - last[1]) < APART ? stroke : [...stroke, here];
}

/** Whether there is room for so much in one record. */
export const fits = (strokes: Stroke[]): boolean => spelled(strokes).length <= MOST;

/** The drawing as a PNG on white: what is printed, where a reader cannot draw the strokes. */
export async function picture(path: string, width: number, height: number, thick: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws nothing");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  Object.assign(pen, { lineWidth: thick, lineCap: "round", lineJoin: "round" });
  pen.stroke(new Path2D(path));
  return new Promise((resolve, reject) =>
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("no picture came of it"))), "image/png"),
  );
}
