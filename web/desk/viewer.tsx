/** A photograph large, the untouched original where the browser can show it: zoom, drag, next and previous, what was drawn over it, the facts that prove it. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Drawn, Pad } from "../drawing/pad.tsx";
import { joined, THICK, WIDE } from "../drawing/strokes.ts";
import { Saving } from "./attached.tsx";
import { type Grip, Marks, mayDraw, PenCase } from "./annotate.tsx";
import type { Outcome } from "./changes.ts";
import { altering, bring, type Drawing, drop, EMPTY, frozen, keep, kept, type Markup } from "./drawings.ts";
import { Dialog, moment, Trouble, Verdict } from "./marks.tsx";
import { ofBest, type Photo, unshown, useBest } from "./photographs.tsx";
import { say, word } from "./words.ts";

const STEP = 1.25;
const MOST = 12;

interface Place {
  scale: number;
  x: number;
  y: number;
}
const WHOLE: Place = { scale: 1, x: 0, y: 0 };

interface Viewing {
  dossier: string;
  photos: Photo[];
  markups: Markup[];
  /** Photographs over which more was drawn than is shown. */
  leftOff: string[];
  first: Photo;
  onClose: () => void;
  /** Something was drawn or taken away. */
  onChange: () => void;
}

export function Viewer({ photos, markups, leftOff, first, onClose, ...more }: Viewing): JSX.Element {
  const shown = photos.filter((photo) => photo.original);
  const [at, setAt] = useState(Math.max(0, shown.findIndex((photo) => photo.id === first.id)));
  const photo = shown[at] ?? first;
  const turn = (by: number): void => setAt((at + by + shown.length) % shown.length);
  return (
    <Dialog title={photo.caption ?? say("original")} onClose={onClose} class="viewer">
      <Sheet
        key={photo.id}
        {...more}
        photo={photo}
        marks={markups.filter((mark) => mark.photo === photo.id)}
        more={leftOff.includes(photo.id)}
        at={at}
        of={shown.length}
        onTurn={turn}
        onClose={onClose}
      />
    </Dialog>
  );
}

interface One {
  dossier: string;
  photo: Photo;
  marks: Markup[];
  more: boolean;
  at: number;
  of: number;
  onTurn: (by: number) => void;
  onClose: () => void;
  onChange: () => void;
}

/** What is being drawn over the photograph, and what became of it when it was sent. */
function useDrawing({ dossier, photo, onChange }: One, ratio: number | null) {
  const [drawing, setDrawing] = useState<Drawing | null>(() => kept(photo.id));
  const [sent, setSent] = useState<{ busy?: boolean; outcome?: Outcome; wrong?: unknown }>({});
  const put = (next: Drawing | null): void => {
    setDrawing(next);
    setSent({});
    if (next && (next.drawn.length || next.caption)) keep(photo.id, next);
    else drop(photo.id);
  };
  const save = async (): Promise<void> => {
    if (!drawing || ratio === null) return;
    const going = frozen(photo, ratio, drawing);
    setDrawing(going); // the pad is closed meanwhile: what came after the change was made would not be in it
    setSent({ busy: true });
    try {
      setSent({ outcome: await bring(dossier, photo.id, going) });
      onChange();
    } catch (wrong) {
      setSent({ wrong });
    }
    setDrawing(kept(photo.id));
  };
  return { drawing, put, save, ...sent };
}

function Sheet(one: One): JSX.Element {
  const { dossier, photo, marks, more, at, of, onTurn, onClose, onChange } = one;
  const { from, href, wrong: unseen, onBroken } = useBest(photo);
  const [place, setPlace] = useState(WHOLE);
  const [ratio, setRatio] = useState<number | null>(null);
  const [bare, setBare] = useState(false);
  const [alone, setAlone] = useState<string | null>(null);
  const [grip, setGrip] = useState<Grip>("pen");
  const { drawing, put, save, busy = false, outcome, wrong } = useDrawing(one, ratio);
  const figure = useRef<HTMLElement>(null);
  const drawn = useRef(false);
  useEffect(() => {
    if (drawn.current && !drawing) figure.current?.focus(); // the button that was pressed is gone, the keys stay
    drawn.current = Boolean(drawing);
  }, [!drawing]);
  const zoom = (by: number): void =>
    setPlace((was) => {
      const scale = Math.min(MOST, Math.max(1, was.scale * by));
      return scale === 1 ? WHOLE : { scale, x: (was.x * scale) / was.scale, y: (was.y * scale) / was.scale };
    });
  const start = (from: Drawing): void => {
    setBare(false);
    setAlone(null);
    setGrip("pen");
    put(from);
  };
  const draws = mayDraw(dossier) && ratio !== null && !drawing;
  const keys: Record<string, () => void> = {
    "+": () => zoom(STEP),
    "=": () => zoom(STEP),
    "-": () => zoom(1 / STEP),
    "0": () => setPlace(WHOLE),
    ArrowRight: () => onTurn(1),
    ArrowLeft: () => onTurn(-1),
    m: () => setBare(!bare && !drawing),
    ...(draws && { n: () => start(EMPTY) }),
  };
  const pressed = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    const typing = event.target instanceof Element && event.target.matches("input, textarea");
    if (!act || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const over = marks.filter(({ id }) => (alone ? id === alone : id !== drawing?.of?.id));
  return (
    <figure ref={figure} tabIndex={-1} onKeyDown={pressed}>
      <Pane
        href={href}
        alt={photo.caption ?? ""}
        none={unseen !== null || !from ? unshown(photo, unseen) : null}
        place={place}
        onMove={setPlace}
        onZoom={zoom}
        onSize={setRatio}
        onBroken={onBroken}
      >
        {!bare && over.map((mark) => <Over key={mark.id} mark={mark} scale={place.scale} />)}
        {drawing && ratio !== null && (
          <Board drawing={drawing} ratio={ratio} scale={place.scale} grip={grip} onDraw={put} />
        )}
      </Pane>
      <div class="buttons tools">
        {of > 1 && (
          <>
            <button type="button" aria-label={say("previous")} onClick={() => onTurn(-1)}>
              ‹
            </button>
            <span>
              {at + 1} / {of}
            </span>
            <button type="button" aria-label={say("following")} onClick={() => onTurn(1)}>
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
        {marks.length > 0 && !drawing && (
          <button type="button" aria-keyshortcuts="m" aria-pressed={bare} onClick={() => setBare(!bare)}>
            {bare ? say("showMarks", { n: marks.length }) : say("originalOnly")}
          </button>
        )}
        {draws && (
          <button type="button" aria-keyshortcuts="n" onClick={() => start(EMPTY)}>
            {say("annotate")}
          </button>
        )}
        <Saving path={photo.original} name={photo.name ?? photo.sha256.slice(0, 12)}>
          {say("saveOriginal")}
        </Saving>
        <button type="button" class="main" onClick={onClose}>
          {say("close")}
        </button>
      </div>
      {outcome && <Verdict outcome={outcome} what={word("kind", "markup")} />}
      <Trouble wrong={wrong} />
      {drawing && (
        <PenCase
          drawing={drawing}
          grip={grip}
          busy={busy}
          onGrip={setGrip}
          onDraw={put}
          onSave={() => void save()}
          onDrop={() => put(null)}
        />
      )}
      {!drawing && !bare && marks.length > 0 && (
        <Marks
          dossier={dossier}
          marks={marks}
          alone={alone}
          onAlone={setAlone}
          onAlter={(mark) => start(altering(mark))}
          onChange={onChange}
        />
      )}
      <figcaption>
        {href && from !== "original" && <small>{ofBest(photo, from)}</small>}
        {more && <small>{say("marksLeftOff", { n: marks.length })}</small>}
        {(marks.length > 0 || drawing) && <small>{say(!bare ? "marksApart" : from === "original" ? "onlyOriginal" : "withoutMarks")}</small>}
        <small>{[moment(photo.taken_at), photo.name].filter(Boolean).join(" · ")}</small>
        <small>
          SHA-256 <code>{photo.sha256}</code>
        </small>
      </figcaption>
    </figure>
  );
}

/** Lines keep their width on the screen at any zoom: what they point at stays in sight. */
const Over = ({ mark, scale }: { mark: Markup; scale: number }): JSX.Element => (
  <Drawn
    width={mark.width}
    height={mark.height}
    of={mark.strokes}
    label={`${say("markBy", { who: mark.drawn_by.name ?? "—" })} ${mark.caption ?? ""}`}
    thick={(THICK * mark.width) / scale}
  />
);

interface Surface {
  drawing: Drawing;
  ratio: number;
  scale: number;
  grip: Grip;
  onDraw: (drawing: Drawing) => void;
}

/** The pad over the picture; only looked at while it is sent, or while the picture is moved. */
function Board({ drawing, ratio, scale, grip, onDraw }: Surface): JSX.Element {
  const { width, height } = drawing.of ?? { width: WIDE, height: Math.round(WIDE * ratio) };
  const size = { width, height, thick: (THICK * width) / scale };
  if (drawing.sent || grip === null) return <Drawn {...size} of={joined(drawing.drawn)} label={say("annotate")} />;
  return (
    <Pad
      {...size}
      ready
      label={say("padName")}
      tool={grip}
      drawn={drawing.drawn}
      onDraw={(drawn) => onDraw({ ...drawing, drawn })}
    />
  );
}

interface Framed {
  href: string | null;
  alt: string;
  /** Why there is no picture; null while it comes. */
  none: string | null;
  place: Place;
  onMove: (place: Place) => void;
  onZoom: (by: number) => void;
  /** Told how high the picture is for its width, once it is there. */
  onSize: (ratio: number) => void;
  onBroken: () => void;
  children: ComponentChildren;
}

/** The picture in its frame; set through the element's own style object, for the policy allows no style attribute. */
function Pane({ href, alt, none, place, onMove, onZoom, onSize, onBroken, children }: Framed): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const held = useRef<{ x: number; y: number; from: Place } | null>(null);
  useEffect(() => {
    if (stage.current) stage.current.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
  }, [place, href]);
  // What lies over the picture is as large as the picture: as wide as the frame and its own height allow.
  const sized = ({ naturalWidth, naturalHeight }: HTMLImageElement): void => {
    if (!stage.current) return;
    const ratio = naturalHeight / naturalWidth;
    stage.current.style.width = `min(100%, ${naturalWidth}px, calc(var(--high) / ${ratio}))`;
    onSize(ratio);
  };
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
      {href ? (
        <div class="stage" ref={stage}>
          <img
            src={href}
            alt={alt}
            draggable={false}
            onLoad={(event) => sized(event.currentTarget)}
            onError={onBroken}
          />
          {children}
        </div>
      ) : (
        <i>{none ?? say("loading")}</i>
      )}
    </div>
  );
}
