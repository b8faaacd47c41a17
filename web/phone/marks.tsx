/** Small parts that every screen uses: icons, badges, moments, pictures. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { keepBrought } from "../sync/brought.ts";
import { atWork } from "./house.ts";
import { useLive } from "./live.ts";
import { language, say, word } from "./words.ts";

const ICONS = {
  day: "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
  site: "M4 21V9l8-6 8 6v12M9 21v-7h6v7",
  list: "M9 6h11M9 12h11M9 18h11M4 6h1M4 12h1M4 18h1",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  camera: "M4 8h3l2-3h6l2 3h3v12H4zM12 10a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
  back: "M15 5l-7 7 7 7",
  cloud: "M7 18a4 4 0 0 1 0-8 6 6 0 0 1 11-1 4.5 4.5 0 0 1-1 9z",
  plus: "M12 5v14M5 12h14",
  cross: "M6 6l12 12M18 6L6 18",
  pin: "M12 21s7-6.5 7-11a7 7 0 0 0-14 0c0 4.5 7 11 7 11zM12 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  check: "M5 13l5 5L20 7",
  voice: "M12 4a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V7a3 3 0 0 0-3-3M6 11v1a6 6 0 0 0 12 0v-1M12 18v3",
  pen: "M4 20l4-1L19 8l-3-3L5 16zM14 7l3 3",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2v6h-6v-2h4z",
} as const;

export const Icon = ({ name }: { name: keyof typeof ICONS }): JSX.Element => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={ICONS[name]} />
  </svg>
);

// Made once each: a list of twenty rows would make eighty at each letter that is typed above it.
const formats = new Map<string, Intl.DateTimeFormat>();

function shanghai(at: string | number | Date, options: Intl.DateTimeFormatOptions, locale?: string): string {
  // British English, because 11/5 must not be read as the fifth month's eleventh day.
  const spoken = locale ?? (language.value === "en" ? "en-GB" : "zh-CN");
  const key = spoken + JSON.stringify(options);
  const format = formats.get(key) ?? new Intl.DateTimeFormat(spoken, { timeZone: "Asia/Shanghai", ...options });
  formats.set(key, format);
  return format.format(new Date(at));
}
export const today = (): string => shanghai(Date.now(), {}, "en-CA");
export function day(at: string): string {
  const thisYear = at.startsWith(today().slice(0, 4));
  return shanghai(at, { month: "short", day: "numeric", ...(!thisYear && { year: "numeric" }) });
}
export const clockTime = (at: string | Date): string =>
  shanghai(at, { hour: "2-digit", minute: "2-digit", hour12: false });
export const moment = (at: string): string => `${day(at)} ${clockTime(at)}`;

export const daysLate = (on: string): number => Math.round((Date.parse(today()) - Date.parse(on)) / 86_400_000);

export const Severity = ({ of }: { of: string }): JSX.Element => <b class={`badge ${of}`}>{word("severity", of)}</b>;
export const State = ({ of }: { of: string }): JSX.Element => <b class={`state ${of}`}>{word("state", of)}</b>;

export function Deadline({ on, over }: { on: string | undefined; over: boolean }): JSX.Element | null {
  if (!on) return null;
  const late = daysLate(on);
  if (!over && late > 0) return <span class="late">{say("overdue", { n: late })}</span>;
  return <span>{say("due", { on: day(on) })}</span>;
}

export const Empty = ({ title, hint }: { title: string; hint?: string }): JSX.Element => (
  <div class="empty">
    <strong>{title}</strong>
    {hint && <p>{hint}</p>}
  </div>
);

export const Section = ({ title, children }: { title: string; children: ComponentChildren }): JSX.Element => (
  <section>
    <h2>{title}</h2>
    {children}
  </section>
);

/** A photograph out of the phone's own storage, or, where there is a line, small from the house. */
export function Picture({ photo, dossier, alt }: { photo: string; dossier?: string; alt: string }): JSX.Element {
  const bytes = useLive(async () => {
    const { db } = atWork().replica;
    return ((await db.previews.get(photo)) ?? (await db.bytes.get(photo)))?.bytes ?? null;
  }, [photo]);
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!bytes) return;
    const made = URL.createObjectURL(new Blob([bytes]));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  const ask = (): void => void (dossier && fetchPreview(photo, dossier));
  useEffect(() => {
    if (bytes === null) ask();
  }, [bytes === null, photo]);
  if (!url) return <span class="nopicture" {...(alt ? { role: "img", "aria-label": alt } : { "aria-hidden": true })} />;
  // What this browser cannot show (HEIC) the house can: no broken picture meanwhile.
  const broken = (): void => {
    setUrl(null);
    ask();
  };
  return <img src={url} alt={alt} onError={broken} />;
}

async function fetchPreview(photo: string, dossier: string): Promise<void> {
  const { line, replica } = atWork();
  try {
    const bytes = await line.fetch(`/api/v1/photos/${photo}/thumbnail?dossier=${encodeURIComponent(dossier)}`);
    await keepBrought(replica.db, photo, bytes);
  } catch {
    // No line, or not at rest yet: the frame stays empty and says so.
  }
}
