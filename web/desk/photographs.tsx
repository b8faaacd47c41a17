/** Photographs: fetched with the token, small in their place or large on request. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { file, Problem, type Said } from "./house.ts";
import { say } from "./words.ts";

export type Photo = Said<"Photo">;

/** A photograph without a phase was taken when the issue was found. */
export const sides = (photos: Photo[]): { before: Photo[]; after: Photo[] } => ({
  before: photos.filter((photo) => photo.phase !== "after"),
  after: photos.filter((photo) => photo.phase === "after"),
});

interface Found {
  href: string | null;
  /** Why nothing came. */
  wrong: unknown;
}

/** The bytes at `path` as a blob: URL once `place` comes near the screen; null while they come. */
export function useFile(path: string | null, place?: { current: Element | null }): Found {
  const [found, setFound] = useState<(Found & { path: string }) | null>(null);
  useEffect(() => {
    if (!path) return;
    const loading = new AbortController();
    let href: string | null = null;
    const load = (): void =>
      void file(path, loading.signal).then(
        (made) => {
          href = made;
          if (loading.signal.aborted) URL.revokeObjectURL(made);
          else setFound({ path, href: made, wrong: null });
        },
        (wrong: unknown) => !loading.signal.aborted && setFound({ path, href: null, wrong }),
      );
    const seen = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        seen.disconnect();
        load();
      },
      { rootMargin: "300px" },
    );
    if (place?.current) seen.observe(place.current);
    else load();
    return () => {
      seen.disconnect();
      loading.abort();
      if (href) URL.revokeObjectURL(href);
    };
  }, [path]);
  return found?.path === path ? found : { href: null, wrong: null };
}

/** The type of a file, as people call it. */
const typed = (photo: Photo): string => photo.mime.split("/")[1]?.toUpperCase() ?? photo.mime;

/** Why a photograph is not shown, in words; the original is there in any case. */
export function unshown(photo: Photo, wrong: unknown): string {
  if (!(wrong instanceof Problem) || wrong.code !== "no-picture") return say("noPicture");
  return say(wrong.details.reason === "unsupported" ? "notConverted" : "notDecoded", { type: typed(photo) });
}

/** What of a photograph is shown: itself, or made of it by the house, as large as it or smaller. */
export type From = "original" | "whole" | "picture";
const UNSHOWN = ["image/heic"]; // by nearly every browser: not worth 64 MB to find out

interface Best {
  from: From | null;
  href: string | null;
  wrong: unknown;
  /** The browser cannot show what came. */
  onBroken: () => void;
}

/** The best of a photograph that this browser can show. */
export function useBest(photo: Photo): Best {
  const [from, setFrom] = useState<From | null>(UNSHOWN.includes(photo.mime) ? "whole" : "original");
  const [last, setLast] = useState<unknown>(null);
  const made = `/api/v1/photos/${photo.id}/rendition/full?dossier=${encodeURIComponent(photo.dossier)}`;
  const at = { original: photo.original && here(photo.original), whole: made, picture: photo.picture };
  const { href, wrong } = useFile(from && at[from]);
  const onBroken = (): void => setFrom(from === "original" ? "whole" : from === "whole" ? "picture" : null);
  useEffect(() => {
    // Refused, and not lost on the way: there is none of this size. An original that was lost stays lost.
    if (!(wrong instanceof Problem) || wrong.status !== 404 || from === "original") return;
    setLast(wrong);
    onBroken();
  }, [wrong]);
  return { from, href, wrong: wrong ?? (from ? null : last), onBroken };
}

/** Said under a picture that is not the original itself. */
export const ofBest = (photo: Photo, from: From | null): string | null =>
  from === "whole" || from === "picture" ? say(from === "whole" ? "showsWhole" : "showsPicture", { type: typed(photo) }) : null;

/** Decorative where words beside it say the same. */
export function Photograph({ photo, src, hidden = false }: { photo: Photo; src: string | null; hidden?: boolean }): JSX.Element {
  const place = useRef<HTMLSpanElement>(null);
  const { href, wrong } = useFile(src, place);
  return (
    <span class={src ? "photo" : "photo awaited"} ref={place} aria-hidden={hidden || undefined}>
      {!src && <i>{say("awaited")}</i>}
      {wrong !== null && <i>{unshown(photo, wrong)}</i>}
      {href && <img src={href} alt={photo.caption ?? ""} decoding="async" />}
    </span>
  );
}

/** From the house: a script of this page may not speak to the store itself. */
export const here = (original: string): string => `${original}&via=server`;
