/** A surface to draw on with a finger: a signature, or a mark over a photograph. */

import type { JSX, TargetedPointerEvent } from "preact";
import { useRef } from "preact/hooks";

import { fits, longer, type Point, spelled, type Stroke } from "./strokes.ts";

interface Drawing {
  label: string;
  width: number;
  height: number;
  strokes: Stroke[];
  onDraw: (strokes: Stroke[]) => void;
}

export function Pad({ label, width, height, strokes, onDraw }: Drawing): JSX.Element {
  const drawing = useRef<Stroke | null>(null);
  // Several points may come before the page is drawn again: the newest strokes, not the last drawn ones.
  const latest = useRef(strokes);
  latest.current = strokes;
  const here = (event: TargetedPointerEvent<SVGSVGElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const begin = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    put([...latest.current, longer([], here(event))]);
  };
  const put = (next: Stroke[]): void => {
    if (!fits(next)) return;
    drawing.current = next.at(-1) ?? null;
    latest.current = next;
    onDraw(next);
  };
  const move = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    if (!drawing.current) return;
    put([...latest.current.slice(0, -1), longer(drawing.current, here(event))]);
  };
  const end = (): void => void (drawing.current = null);
  return (
    <svg
      class="pad"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={end}
    >
      <path d={spelled(strokes)} />
    </svg>
  );
}

/** What was drawn, to look at. */
export const Drawn = ({ width, height, of, label }: { width: number; height: number; of: string; label: string }) => (
  <svg class="drawn" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
    <path d={of} />
  </svg>
);
