/** A site on paper: its issues where they lie, the person, and a pin to put down. No tiles, so it needs no line. */

import type { JSX, TargetedMouseEvent } from "preact";
import { useState } from "preact/hooks";

import { moved, offset, type Place } from "../drawing/places.ts";
import { say } from "./words.ts";

export interface Spot {
  id: string;
  place: Place;
  look: string;
  title: string;
}

interface Showing {
  middle: Place;
  spots: Spot[];
  here: Place | null;
  pin?: Place | null;
  onPin?: (place: Place) => void;
  onOpen?: (spot: Spot) => void;
}

const SIZE = 400; // units of the picture
const LEAST_M = 60; // across: closer in, a phone's fix says nothing
const SPANS_M = [60, 120, 250, 500, 1_000, 2_000, 4_000, 8_000];
const DOT = 9;
// Of a spot and a pin: the target of a finger is larger than what is seen.
const TARGET = 22;

export function Plan({ middle, spots, here, pin, onPin, onOpen }: Showing): JSX.Element {
  const [zoom, setZoom] = useState<number | null>(null);
  const away = [...spots.map(({ place }) => place), ...(pin ? [pin] : [])].map((place) =>
    Math.max(...offset(middle, place).map(Math.abs)),
  );
  const wanted = Math.max(LEAST_M, 2.3 * Math.max(0, ...away));
  const fitting = SPANS_M.findIndex((span) => span >= wanted);
  const at = zoom ?? (fitting < 0 ? SPANS_M.length - 1 : fitting);
  const span = SPANS_M[at] ?? LEAST_M;
  const unit = SIZE / span;
  const put = (place: Place): [number, number] => {
    const [east, north] = offset(middle, place);
    return [SIZE / 2 + east * unit, SIZE / 2 - north * unit];
  };
  const press = (event: TargetedMouseEvent<SVGSVGElement>): void => {
    if (!onPin) return;
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIZE;
    const y = ((event.clientY - box.top) / box.height) * SIZE;
    onPin(moved(middle, (x - SIZE / 2) / unit, (SIZE / 2 - y) / unit));
  };
  return (
    <figure class="plan">
      <svg viewBox={`0 0 ${SIZE} ${SIZE}`} role="group" aria-label={say("plan")} onClick={press}>
        <Grid />
        <g class="middle">
          <Cross at={[SIZE / 2, SIZE / 2]} />
        </g>
        {spots.map((spot) => (
          <SpotMark key={spot.id} spot={spot} at={put(spot.place)} {...(onOpen && { onOpen })} />
        ))}
        {here && (
          <g class="here">
            <circle cx={put(here)[0]} cy={put(here)[1]} r={DOT} />
          </g>
        )}
        {pin && <PinMark at={put(pin)} />}
        <Scale metres={span / 4} />
      </svg>
      <div class="zoom">
        <button type="button" aria-label={say("zoomIn")} disabled={at === 0} onClick={() => setZoom(at - 1)}>
          +
        </button>
        <button
          type="button"
          aria-label={say("zoomOut")}
          disabled={at === SPANS_M.length - 1}
          onClick={() => setZoom(at + 1)}
        >
          −
        </button>
      </div>
      <figcaption>{say("planHint")}</figcaption>
    </figure>
  );
}

const LINES = [1, 2, 3].map((n) => (n * SIZE) / 4);
const Grid = (): JSX.Element => (
  <g class="grid" aria-hidden="true">
    <path d={LINES.map((n) => `M${n} 0V${SIZE}M0 ${n}H${SIZE}`).join("")} />
    <text x={SIZE - 12} y="20">
      {say("north")} ↑
    </text>
  </g>
);

const Cross = ({ at: [x, y] }: { at: [number, number] }): JSX.Element => (
  <path d={`M${x - 8} ${y}h16M${x} ${y - 8}v16`} aria-hidden="true" />
);

function SpotMark({
  spot,
  at: [x, y],
  onOpen,
}: {
  spot: Spot;
  at: [number, number];
  onOpen?: (spot: Spot) => void;
}): JSX.Element {
  const shown = (
    <>
      <circle cx={x} cy={y} r={TARGET} class="target" />
      <circle cx={x} cy={y} r={DOT} class={`spot ${spot.look}`} />
    </>
  );
  if (!onOpen)
    return (
      <g role="img" aria-label={spot.title}>
        {shown}
      </g>
    );
  const open = (): void => onOpen(spot);
  return (
    <g
      role="button"
      tabindex={0}
      aria-label={spot.title}
      onClick={open}
      onKeyDown={(event) => event.key === "Enter" && open()}
    >
      {shown}
    </g>
  );
}

const PinMark = ({ at: [x, y] }: { at: [number, number] }): JSX.Element => (
  <path class="pin" d={`M${x} ${y}c0 0 14-14 14-24a14 14 0 0 0-28 0c0 10 14 24 14 24z`} aria-hidden="true" />
);

const Scale = ({ metres }: { metres: number }): JSX.Element => (
  <g class="scale" aria-hidden="true">
    <path d={`M16 ${SIZE - 16}h${SIZE / 4}`} />
    <text x="16" y={SIZE - 24}>
      {metres < 1000 ? `${metres} m` : `${metres / 1000} km`}
    </text>
  </g>
);
