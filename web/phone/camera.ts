/** A photograph as evidence: hashed at capture, with place, time and how far the phone's clock is off. */

import { signal } from "@preact/signals";

import { sha256 } from "../sync/canonical.ts";
import { sets } from "../sync/change.ts";
import { offset } from "../sync/clocks.ts";
import { uuid7 } from "../sync/ids.ts";
import type { Replica } from "../sync/replica.ts";
import { rfc3339 } from "../sync/stamp.ts";
import type { Shot } from "../sync/tables.ts";

const PREVIEW_PX = 480;
const MIMES = ["image/jpeg", "image/png", "image/webp", "image/heic"];
const FIX = { enableHighAccuracy: true, maximumAge: 15_000, timeout: 20_000 };

export interface Fix {
  lat_e7: number;
  lon_e7: number;
  accuracy_m: number;
}

/** Where the phone is while somebody captures; null where that is not known (yet). */
export const fix = signal<Fix | null>(null);
export const locating = signal(false);

let [followers, watch] = [0, 0];

/** Follow the position until the returned function is called, and once. */
export function followPosition(): () => void {
  if (!("geolocation" in navigator)) return () => {};
  if ((followers += 1) === 1) {
    locating.value = true;
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        locating.value = false;
        fix.value = {
          lat_e7: Math.round(coords.latitude * 1e7),
          lon_e7: Math.round(coords.longitude * 1e7),
          accuracy_m: Math.min(100_000, Math.round(coords.accuracy)),
        };
      },
      () => (locating.value = false), // no fix is no reason not to work
      FIX,
    );
  }
  return () => {
    if ((followers -= 1) > 0) return;
    navigator.geolocation.clearWatch(watch);
    locating.value = false;
    fix.value = null; // where the phone was is not where the next photograph is taken
  };
}

/** The fix as fields of a record: browsers give WGS-84 (W3C Geolocation §5.4). */
export const position = (at: Fix | null): Record<string, number | string> => (at ? { ...at, datum: "WGS-84" } : {});

export interface Taken {
  shot: Shot;
  bytes: ArrayBuffer;
  preview: ArrayBuffer | null;
}

/** What the camera handed over, as it is: the original bytes are the evidence. */
export async function take(replica: Replica, file: File): Promise<Taken> {
  const taken = rfc3339(replica.now());
  const bytes = await file.arrayBuffer();
  // Not every browser has a name for what an iPhone's camera hands over (ISO/IEC 23008-12: its brand).
  const heic = /^ftyp(hei|hev|mif1|msf1)/.test(new TextDecoder().decode(bytes.slice(4, 12)));
  const mime = MIMES.includes(file.type) ? file.type : heic ? "image/heic" : "image/jpeg";
  const told = { taken_at: taken, ...position(fix.value), ...(await clock(replica)) };
  const shot = {
    photo: uuid7(),
    sha256: await sha256(bytes),
    size: bytes.byteLength,
    mime,
    name: file.name,
    fields: sets(told),
  };
  return { shot, bytes, preview: await preview(file) };
}

/** What was said into the phone, as it is. */
export async function heard(replica: Replica, said: Blob): Promise<Taken> {
  const bytes = await said.arrayBuffer();
  const at = rfc3339(replica.now());
  const mime = said.type.split(";")[0] ?? said.type;
  const shot = {
    photo: uuid7(),
    sha256: await sha256(bytes),
    size: bytes.byteLength,
    mime,
    name: `录音 ${at.slice(0, 19).replaceAll(":", "")}.${mime === "audio/mp4" ? "m4a" : "weba"}`,
    fields: sets({ taken_at: at, ...(await clock(replica)) }),
  };
  return { shot, bytes, preview: null };
}

/** How far this phone's clock is off, as a field; nothing where that was never measured. */
async function clock(replica: Replica): Promise<Record<string, number>> {
  const known = await offset(replica.db);
  return known ? { clock_offset_ms: known.ms } : {};
}

/** A small picture for lists; where the browser cannot read the format, the original has to do. */
async function preview(file: Blob): Promise<ArrayBuffer | null> {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, PREVIEW_PX / Math.max(whole.width, whole.height));
    const [width, height] = [Math.round(whole.width * scale), Math.round(whole.height * scale)];
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    canvas.getContext("2d")?.drawImage(whole, 0, 0, width, height);
    whole.close();
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
    return small ? await small.arrayBuffer() : null;
  } catch {
    return null;
  }
}
