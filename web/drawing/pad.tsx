/** A surface to draw on with a finger, a mouse or the keys: a signature, or a mark over a photograph. */

import type { JSX, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { fits, grown, joined, type Pieces, type Point, type Stroke, says, spelled, type Tool } from "./strokes.ts";

const STEPS = 50; // across, by the keys
const FINE = 5; // of these one, with Shift
const WAYS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

interface Drawing {
  label: string;
  width: number;
  height: number;
  drawn: Pieces;
  tool?: Tool;
  /** Units across a line; without it the style sheet says. */
  thick?: number | undefined;
  /** Whether the keys are the pad's as soon as it is there. */
  ready?: boolean;
  onDraw: (drawn: string[]) => void;
}

export function Pad({ label, width, height, drawn, tool = "pen", thick, ready = false, onDraw }: Drawing): JSX.Element {
  // Several points may come before the page is drawn again: what is newest, not what was drawn last.
  const stroke = useRef<Stroke | null>(null);
  const before = useRef<Pieces>(drawn);
  const latest = useRef<Pieces>(drawn);
  latest.current = drawn;
  const surface = useRef<SVGSVGElement>(null);
  const [cross, setCross] = useState<Point | null>(null);
  useLayoutEffect(() => void (ready && surface.current?.focus({ preventScroll: true })), []);
  const put = (next: Stroke): void => {
    const all = [...before.current, spelled(next)];
    if (!fits(all)) return;
    stroke.current = next;
    latest.current = all;
    onDraw(all);
  };
  const begin = (point: Point): void => {
    before.current = latest.current;
    put(grown(tool, [], point));
  };
  const move = (point: Point): void => {
    if (stroke.current) put(grown(tool, stroke.current, point));
  };
  const end = (keep = true): void => {
    if (stroke.current && !(keep && says(tool, stroke.current))) onDraw([...before.current]);
    stroke.current = null;
  };
  const here = (event: TargetedPointerEvent<SVGSVGElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const down = (event: TargetedPointerEvent<SVGSVGElement>): void => {
    if (event.button) return;
    event.stopPropagation(); // what lies under the pad would be dragged along
    event.currentTarget.setPointerCapture(event.pointerId);
    setCross(null);
    begin(here(event));
  };
  const press = (event: TargetedKeyboardEvent<SVGSVGElement>): void => {
    const taken = pressed(event.key, event.shiftKey);
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const pressed = (key: string, fine: boolean): boolean => {
    const way = WAYS[key];
    if (way) {
      const step = width / STEPS / (fine ? FINE : 1);
      const [x, y] = cross ?? [width / 2, height / 2];
      const next: Point = [clamp(x + way[0] * step, width), clamp(y + way[1] * step, height)];
      setCross(next);
      move(next);
    } else if (key === " " || key === "Enter") {
      if (stroke.current) end();
      else {
        setCross(cross ?? [width / 2, height / 2]);
        begin(cross ?? [width / 2, height / 2]);
      }
    } else if (key === "Escape" && stroke.current) end(false);
    else return false;
    return true;
  };
  return (
    <svg
      ref={surface}
      class="pad"
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      tabindex={0}
      aria-label={label}
      onPointerDown={down}
      onPointerMove={(event) => move(here(event))}
      onPointerUp={() => end()}
      onPointerCancel={() => end()}
      onDblClick={(event) => event.stopPropagation()}
      onKeyDown={press}
    >
      <Line of={joined(drawn)} thick={thick} />
      {cross && <Cross at={cross} long={width / 40} />}
    </svg>
  );
}

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));

const Cross = ({ at: [x, y], long }: { at: Point; long: number }): JSX.Element => (
  <path class="cross" d={`M${x - long} ${y}h${2 * long}M${x} ${y - long}v${2 * long}`} aria-hidden="true" />
);

/** Over a picture a line has a pale edge, so that it is seen on whatever lies under it. */
const Line = ({ of, thick }: { of: string; thick: number | undefined }): JSX.Element => (
  <>
    {thick !== undefined && <path class="edge" d={of} stroke-width={thick * 1.7} />}
    <path class="line" d={of} {...(thick !== undefined && { "stroke-width": thick })} />
  </>
);

interface Shown {
  width: number;
  height: number;
  of: string;
  label: string;
  thick?: number | undefined;
  class?: string;
}

/** What was drawn, to look at. */
export const Drawn = ({ width, height, of, label, thick, class: look = "" }: Shown): JSX.Element => (
  <svg class={`drawn ${look}`} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
    <Line of={of} thick={thick} />
  </svg>
);
