/** Photographs: fetched with the token, small in their place or large on request. Attachments: saved. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { file, type Said } from "./house.ts";
import { moment, saveAs } from "./marks.tsx";
import { say } from "./words.ts";

export type Photo = Said<"Photo">;

/** A photograph without a phase was taken when the issue was found. */
export const sides = (photos: Photo[]): { before: Photo[]; after: Photo[] } => ({
  before: photos.filter((photo) => photo.phase !== "after"),
  after: photos.filter((photo) => photo.phase === "after"),
});

/** The bytes at `path` as a blob: URL once `place` comes near the screen; null while they come. */
export function useFile(path: string | null, place?: { current: Element | null }): { href: string | null; failed: boolean } {
  const [found, setFound] = useState<{ path: string; href: string | null; failed: boolean } | null>(null);
  useEffect(() => {
    if (!path) return;
    const loading = new AbortController();
    let href: string | null = null;
    const load = (): void =>
      void file(path, loading.signal).then(
        (made) => {
          href = made;
          if (loading.signal.aborted) URL.revokeObjectURL(made);
          else setFound({ path, href: made, failed: false });
        },
        () => !loading.signal.aborted && setFound({ path, href: null, failed: true }),
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
  return found?.path === path ? found : { href: null, failed: false };
}

/** Decorative where words beside it say the same. */
export function Photograph({ photo, src, hidden = false }: { photo: Photo; src: string | null; hidden?: boolean }): JSX.Element {
  const place = useRef<HTMLSpanElement>(null);
  const { href, failed } = useFile(src, place);
  return (
    <span class={src ? "photo" : "photo awaited"} ref={place} aria-hidden={hidden || undefined}>
      {!src && <i>{say("awaited")}</i>}
      {failed && <i>{say("noPicture")}</i>}
      {href && <img src={href} alt={photo.caption ?? ""} decoding="async" />}
    </span>
  );
}

/** From the house: a script of this page may not speak to the store itself. */
export const here = (original: string): string => `${original}&via=server`;

/** A video or a paper: never shown in place, only saved, under the name that it came with. */
export function Attached({ file: one }: { file: Said<"Attachment"> }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const facts = [one.taken_at && moment(one.taken_at), `${(one.size / 1e6).toFixed(1)} MB`, one.caption].filter(Boolean);
  const save = async (): Promise<void> => {
    if (!one.original) return;
    setBusy(true);
    try {
      saveAs(await file(here(one.original)), one.name ?? one.sha256.slice(0, 12));
      setFailed(false);
    } catch {
      setFailed(true);
    }
    setBusy(false);
  };
  return (
    <li>
      <b>{one.name ?? one.mime}</b>
      <p class="muted">{one.original ? facts.join(" · ") : say("awaitedFile")}</p>
      <button type="button" disabled={!one.original || busy} onClick={() => void save()}>
        {say(failed ? "notSaved" : "save")}
      </button>
    </li>
  );
}
