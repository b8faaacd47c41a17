/** 扫码: the code on a site's board opens that project. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { codeIn, offered } from "../device.ts";
import { hasCamera } from "../lens.ts";
import { tell } from "../live.ts";
import { TakePhoto } from "../parts.tsx";
import { codesIn, reader, roomOf } from "../qr.ts";
import { go } from "../route.ts";
import { useLens } from "../viewfinder.tsx";
import { say } from "../words.ts";

const EVERY_MS = 150;

export function Scan(): JSX.Element {
  const [seen, setSeen] = useState<string | null>(null);
  const found = (codes: string[]): boolean => {
    const room = codes.map(roomOf).find(Boolean);
    const code = codes.map((one) => (one.includes("#enrol=") ? codeIn(one) : null)).find(Boolean);
    if (room) go(room, true);
    else if (code) offered.value = code;
    else if (codes[0]) setSeen(codes[0]);
    return Boolean(room ?? code);
  };
  const inPicture = async (file: File): Promise<void> => {
    const codes = await codesIn(file);
    if (!codes.length) setSeen("");
    else found(codes);
  };
  return (
    <main>
      <p class="muted">{say("scanHint")}</p>
      {hasCamera.value && <Seeking onFound={found} />}
      {seen !== null && (
        <p class="notice" role="status">
          {seen ? say("notASite", { code: seen.slice(0, 120) }) : say("noCode")}
        </p>
      )}
      <TakePhoto label={say("codeFromPicture")} onTake={(file) => void inPicture(file).catch(tell)} own class="button">
        {say("codeFromPicture")}
      </TakePhoto>
    </main>
  );
}

export function Seeking({ onFound }: { onFound: (codes: string[]) => boolean }): JSX.Element {
  const { video, stream } = useLens();
  const shown = useRef<HTMLVideoElement | null>(null);
  const latest = useRef(onFound);
  latest.current = onFound;
  useEffect(() => {
    if (!stream) return;
    let [done, timer]: [boolean, ReturnType<typeof setTimeout> | undefined] = [false, undefined];
    const seek = async (): Promise<void> => {
      const read = await reader();
      const look = async (): Promise<void> => {
        const { current } = shown;
        const codes = current ? await read(current, current.videoWidth, current.videoHeight) : [];
        if (done || latest.current(codes)) return;
        timer = setTimeout(() => void look().catch(tell), EVERY_MS);
      };
      await look();
    };
    seek().catch(tell);
    return () => {
      done = true;
      clearTimeout(timer);
    };
  }, [stream]);
  return (
    <video
      class="seeking"
      ref={(found) => {
        shown.current = found;
        video(found);
      }}
      muted
      playsInline
    />
  );
}
