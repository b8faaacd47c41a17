/** A site's QR: what it says, and how it is drawn. It is an address of this page, so that any camera opens it. */

import { path } from "./route.ts";

const OF_PAGE = /\/phone\/?(?:\?[^#]*)?#(\/[^\s]*)$/;
const DOSSIER = /^project:[\w-]{1,88}$/;

export const siteCode = (dossier: string): string => `${location.origin}/phone/#${path("projects", dossier)}`;

/**
 * The room that a code leads to, or null where it is none of ours. Whose host it names does not matter: the
 * board on the fence outlives the office's address, and what opens is this phone's own page.
 */
export function roomOf(code: string): string | null {
  const said = code.trim();
  if (DOSSIER.test(said)) return path("projects", said);
  const room = OF_PAGE.exec(said)?.[1];
  if (!room) return null;
  const [first, dossier = ""] = room.split("/").filter(Boolean);
  let named: string;
  try {
    named = decodeURIComponent(dossier);
  } catch {
    return null; // a broken escape
  }
  return first === "projects" && DOSSIER.test(named) ? path("projects", named) : null;
}

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
type Detectors = {
  BarcodeDetector?: (new (of: { formats: string[] }) => Detector) & { getSupportedFormats(): Promise<string[]> };
};

/** Reads codes: by the browser where it can, else by a decoder that is fetched when somebody scans. */
export async function reader(): Promise<(picture: CanvasImageSource, wide: number, high: number) => Promise<string[]>> {
  const { BarcodeDetector } = globalThis as Detectors;
  if (BarcodeDetector && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (picture) => (await detector.detect(picture)).map(({ rawValue }) => rawValue);
  }
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (picture, width, height) => {
    if (!pen || !width || !height) return [];
    Object.assign(canvas, { width, height });
    pen.drawImage(picture, 0, 0, width, height);
    try {
      return [decodeQR(pen.getImageData(0, 0, width, height))];
    } catch {
      return []; // none in sight
    }
  };
}

/** The codes in a photograph. */
export async function codesIn(file: File): Promise<string[]> {
  const whole = await createImageBitmap(file);
  const codes = await (await reader())(whole, whole.width, whole.height);
  whole.close();
  return codes;
}

/** The code's dark modules as the data of a path, and how many modules it is wide, quiet zone included. */
export async function drawn(said: string): Promise<{ path: string; wide: number }> {
  const { default: encode } = await import("qr");
  const rows = encode(said, "raw", { border: 4 });
  const dark = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")));
  return { path: dark.join(""), wide: rows.length };
}
