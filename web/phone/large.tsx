/** One photograph as large as this browser can show it, and a word on what is shown where it is not the original. */

import type { JSX, TargetedEvent } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Refused } from "../sync/line.ts";
import type { Seen } from "../sync/view.ts";
import { handOver } from "./files.ts";
import { atWork } from "./house.ts";
import { Picture } from "./marks.tsx";
import { text } from "./reading.ts";
import { type RoomWord, say } from "./room-words.ts";

type From = "original" | "smaller" | "preview";
/** Tried in this order until the browser can show one. */
const ORDER: readonly From[] = ["original", "smaller", "preview"];

const at = ({ record, dossier }: Seen, face: string): string =>
  `/api/v1/photos/${record}/${face}?dossier=${encodeURIComponent(dossier)}`;

async function bytesOf(photo: Seen, from: From): Promise<ArrayBuffer | undefined> {
  const { line, replica } = atWork();
  if (from === "original") return (await replica.db.bytes.get(photo.record))?.bytes;
  if (from === "preview") return (await replica.db.previews.get(photo.record))?.bytes;
  return line.fetch(at(photo, "rendition/1600"));
}

interface Best {
  from: From | null;
  url: string | null;
  /** Why the house has none either. */
  why: unknown;
  /** The browser cannot show this one. */
  broken: () => void;
}

export function useBest(photo: Seen): Best {
  const [step, setStep] = useState(0);
  const [url, setUrl] = useState<string | null>(null);
  const [why, setWhy] = useState<unknown>(null);
  const from = ORDER[step] ?? null;
  useEffect(() => {
    if (!from) return;
    let [gone, made]: [boolean, string | null] = [false, null];
    const next = (): void => void (gone || setStep(step + 1));
    bytesOf(photo, from).then(
      (bytes) => {
        if (gone) return;
        if (!bytes) return next();
        made = URL.createObjectURL(new Blob([bytes]));
        setUrl(made);
      },
      (wrong: unknown) => {
        setWhy(wrong);
        next();
      },
    );
    return () => {
      gone = true;
      setUrl(null);
      if (made) URL.revokeObjectURL(made);
    };
  }, [photo.record, from]);
  return { from, url, why, broken: () => setStep(step + 1) };
}

const SAYS: Record<From, RoomWord | null> = { original: null, smaller: "showsSmaller", preview: "showsPreview" };

/** What is shown, or why nothing is; and the way to the original. */
export function OfPicture({ photo, of: { from, url, why } }: { photo: Seen; of: Best }): JSX.Element | null {
  if (from === "original" || (from && !url)) return null;
  const unsupported = why instanceof Refused && why.code === "no-picture";
  const says = from ? SAYS[from] : unsupported ? "notShownAnywhere" : "notShownHere";
  return (
    <p class={from ? "muted" : "notice"} role="status">
      {says && say(says, { type: text(photo.body, "mime").split("/")[1]?.toUpperCase() ?? "" })}
    </p>
  );
}

/** Byte for byte what was taken: out of this phone, or from the house. */
export async function saveOriginal(photo: Seen): Promise<void> {
  const { line, replica } = atWork();
  const here = (await replica.db.bytes.get(photo.record))?.bytes;
  const bytes = here ?? (await line.fetch(`${at(photo, "original")}&via=server`));
  const type = text(photo.body, "mime");
  const name = text(photo.body, "name") || `${text(photo.body, "sha256").slice(0, 12)}.${type.split("/")[1] ?? "bin"}`;
  handOver(new Blob([bytes], { type }), name);
}

interface Sized {
  photo: Seen;
  of: Best;
  alt: string;
  /** Told how high the picture is for its width, once it is there. */
  onSize: (ratio: number) => void;
}

/** While the large one is on its way, the small one. */
export function Shown({ photo, of: { url, from, broken }, alt, onSize }: Sized): JSX.Element {
  if (!url || !from) return <Picture photo={photo.record} dossier={photo.dossier} alt={alt} />;
  const sized = ({ currentTarget: { naturalWidth, naturalHeight } }: TargetedEvent<HTMLImageElement>): void =>
    onSize(naturalHeight / naturalWidth);
  return <img src={url} alt={alt} onLoad={sized} onError={broken} />;
}
