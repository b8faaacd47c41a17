/** The viewfinder: the shutter is one tap away and the page stays; the phone's own camera is always at hand too. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { hasCamera, type Sought, sought } from "./lens.ts";
import { Icon } from "./marks.tsx";
import { TakePhoto } from "./parts.tsx";
import { say } from "./room-words.ts";

const LENS = { video: { facingMode: "environment", width: { ideal: 4096 }, height: { ideal: 3072 } } };
const QUALITY = 0.92; // of a frame where the browser takes no photograph of its own

/** Old browsers have no such thing, and types do not know it. */
interface Photographer {
  takePhoto(): Promise<Blob>;
}
type Photographers = { ImageCapture?: new (track: MediaStreamTrack) => Photographer };

const refused = signal(false);

/** The camera's picture in a `<video>` while the part is there; null while it is being asked for. */
export function useLens(): { video: (found: HTMLVideoElement | null) => void; stream: MediaStream | null } {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const video = useRef<HTMLVideoElement | null>(null);
  useEffect(() => {
    let there: MediaStream | null = null;
    let gone = false;
    navigator.mediaDevices.getUserMedia(LENS).then(
      (found) => {
        there = found;
        if (gone) found.getTracks().forEach((track) => track.stop());
        else setStream(found);
      },
      () => {
        // Not allowed, or taken by another app: the phone's own camera does not ask the page.
        refused.value = true;
        hasCamera.value = false;
      },
    );
    return () => {
      gone = true;
      there?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  useEffect(() => {
    if (!video.current || !stream) return;
    video.current.srcObject = stream;
    video.current.play().catch(() => {}); // it was closed before it began
  }, [stream]);
  return { video: (found) => (video.current = found), stream };
}

export function Viewfinder({ of }: { of: Sought }): JSX.Element {
  const { video, stream } = useLens();
  const shown = useRef<HTMLVideoElement | null>(null);
  const [busy, setBusy] = useState(false);
  const close = (): void => {
    sought.value = null;
    of.onCancel?.();
  };
  const hand = (file: File): void => {
    sought.value = null;
    of.onTake(file);
  };
  const shoot = async (): Promise<void> => {
    const [track] = stream?.getVideoTracks() ?? [];
    if (!track || !shown.current) return;
    setBusy(true);
    const taken = await photograph(track, shown.current);
    setBusy(false);
    if (taken) hand(new File([taken], `${of.name}.${taken.type.split("/")[1]}`, { type: taken.type }));
  };
  return (
    <div class="viewfinder" role="dialog" aria-modal="true" aria-label={say("camera")}>
      {refused.value ? (
        <p class="notice">{say("cameraRefused")}</p>
      ) : (
        <video
          ref={(found) => {
            shown.current = found;
            video(found);
          }}
          muted
          playsInline
        />
      )}
      <div class="trigger">
        <button type="button" class="quiet" onClick={close}>
          {say("cancel")}
        </button>
        {!refused.value && (
          <button
            type="button"
            class="release"
            disabled={!stream || busy}
            aria-label={say("shutter")}
            onClick={() => void shoot()}
          >
            <Icon name="camera" />
          </button>
        )}
        <TakePhoto label={say("systemCamera")} onTake={hand} own class="quiet">
          {say("systemCamera")}
        </TakePhoto>
      </div>
    </div>
  );
}

/** A photograph by the camera itself where the browser can ask for one, else the frame that is shown. */
async function photograph(track: MediaStreamTrack, shown: HTMLVideoElement): Promise<Blob | null> {
  const { ImageCapture } = globalThis as Photographers;
  try {
    const taken = ImageCapture && (await new ImageCapture(track).takePhoto());
    if (taken && taken.size > 0 && taken.type === "image/jpeg") return taken;
  } catch {
    // Some cameras stream and take no photograph.
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: shown.videoWidth, height: shown.videoHeight });
  canvas.getContext("2d")?.drawImage(shown, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
