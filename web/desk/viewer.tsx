/** The untouched original, large: zoom, drag, next and previous, with the facts that prove it. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Dialog, moment } from "./marks.tsx";
import { here, type Photo, useFile } from "./photographs.tsx";
import { say } from "./words.ts";

const STEP = 1.25;
const MOST = 12;

interface Place {
  scale: number;
  x: number;
  y: number;
}
const WHOLE: Place = { scale: 1, x: 0, y: 0 };

export function Viewer({ photos, first, onClose }: { photos: Photo[]; first: Photo; onClose: () => void }): JSX.Element {
  const shown = photos.filter((photo) => photo.original);
  const [at, setAt] = useState(Math.max(0, shown.findIndex((photo) => photo.id === first.id)));
  const [place, setPlace] = useState(WHOLE);
  const photo = shown[at] ?? first;
  const { href, failed } = useFile(photo.original && here(photo.original));
  const turn = (by: number): void => {
    setAt((at + by + shown.length) % shown.length);
    setPlace(WHOLE);
  };
  const zoom = (by: number): void =>
    setPlace((was) => {
      const scale = Math.min(MOST, Math.max(1, was.scale * by));
      return scale === 1 ? WHOLE : { scale, x: (was.x * scale) / was.scale, y: (was.y * scale) / was.scale };
    });
  const keys: Record<string, () => void> = {
    "+": () => zoom(STEP),
    "=": () => zoom(STEP),
    "-": () => zoom(1 / STEP),
    "0": () => setPlace(WHOLE),
    ArrowRight: () => turn(1),
    ArrowLeft: () => turn(-1),
  };
  const pressed = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <Dialog title={photo.caption ?? say("original")} onClose={onClose} class="viewer">
      <figure onKeyDown={pressed}>
        <Pane href={href} alt={photo.caption ?? ""} failed={failed} place={place} onMove={setPlace} onZoom={zoom} />
        <figcaption>
          <small>{[moment(photo.taken_at), photo.name].filter(Boolean).join(" · ")}</small>
          <small>
            SHA-256 <code>{photo.sha256}</code>
          </small>
        </figcaption>
        <div class="buttons tools">
          {shown.length > 1 && (
            <>
              <button type="button" aria-label={say("previous")} onClick={() => turn(-1)}>
                ‹
              </button>
              <span>
                {at + 1} / {shown.length}
              </span>
              <button type="button" aria-label={say("following")} onClick={() => turn(1)}>
                ›
              </button>
            </>
          )}
          <button type="button" aria-label={say("zoomOut")} onClick={() => zoom(1 / STEP)}>
            −
          </button>
          <span class="scale">{Math.round(place.scale * 100)}%</span>
          <button type="button" aria-label={say("zoomIn")} autofocus onClick={() => zoom(STEP)}>
            +
          </button>
          <button type="button" onClick={() => setPlace(WHOLE)}>
            {say("wholePicture")}
          </button>
          <button type="button" class="main" onClick={onClose}>
            {say("close")}
          </button>
        </div>
      </figure>
    </Dialog>
  );
}

interface Pane {
  href: string | null;
  alt: string;
  failed: boolean;
  place: Place;
  onMove: (place: Place) => void;
  onZoom: (by: number) => void;
}

/** The picture in its frame; set through the element's own style object, for the policy allows no style attribute. */
function Pane({ href, alt, failed, place, onMove, onZoom }: Pane): JSX.Element {
  const image = useRef<HTMLImageElement>(null);
  const held = useRef<{ x: number; y: number; from: Place } | null>(null);
  useEffect(() => {
    if (image.current) image.current.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
  }, [place, href]);
  const down = (event: PointerEvent): void => {
    held.current = { x: event.clientX, y: event.clientY, from: place };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };
  const moved = (event: PointerEvent): void => {
    const from = held.current;
    if (!from || place.scale === 1) return;
    onMove({ ...place, x: from.from.x + event.clientX - from.x, y: from.from.y + event.clientY - from.y });
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    onZoom(event.deltaY < 0 ? STEP : 1 / STEP);
  };
  return (
    <div
      class="pane"
      onPointerDown={down}
      onPointerMove={moved}
      onPointerUp={() => (held.current = null)}
      onPointerCancel={() => (held.current = null)}
      onWheel={wheel}
      onDblClick={() => (place.scale === 1 ? onZoom(3) : onMove(WHOLE))}
    >
      {href ? <img ref={image} src={href} alt={alt} draggable={false} /> : <i>{say(failed ? "noPicture" : "loading")}</i>}
    </div>
  );
}
