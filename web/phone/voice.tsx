/** A spoken note: recorded on the phone, sent like a photograph, heard again without a line while it is here. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { keepBrought } from "../sync/brought.ts";
import type { Taken } from "./camera.ts";
import { heard } from "./camera.ts";
import { atWork } from "./house.ts";
import { tell, useLive } from "./live.ts";
import { Icon } from "./marks.tsx";
import { Dialog } from "./parts.tsx";
import { say } from "./words.ts";

const LONGEST_S = 180; // some 0.7 MB: what is longer is a report, and nobody listens to it
const BITS_PER_S = 32_000; // speech in Opus or AAC
// Chromium and Firefox write the one, Safari the other; both are among what the house takes.
const CONTAINERS = ["audio/webm", "audio/mp4"];

export const canRecord = (): boolean =>
  "MediaRecorder" in globalThis && CONTAINERS.some((mime) => MediaRecorder.isTypeSupported(mime));

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

interface Recording {
  onHeard: (taken: Taken) => Promise<void>;
  onClose: () => void;
}

/** The dialog that records; what was said is handed over when the person stops, or after the longest time. */
export function Recorder({ onHeard, onClose }: Recording): JSX.Element {
  const recorder = useRef<MediaRecorder | null>(null);
  const dropped = useRef(false);
  const [seconds, setSeconds] = useState(0);
  const [refused, setRefused] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let gone = false;
    const begun = (stream: MediaStream): void => {
      if (gone) return stream.getTracks().forEach((track) => track.stop());
      recorder.current = record(stream, (said) => {
        if (dropped.current) return;
        setBusy(true);
        heard(atWork().replica, said).then(onHeard).then(onClose, tell);
      });
    };
    navigator.mediaDevices.getUserMedia({ audio: true }).then(begun, () => setRefused(true));
    return () => {
      gone = true;
      dropped.current = true;
      stop(recorder.current);
    };
  }, []);
  useEffect(() => {
    const ticking = setInterval(() => {
      if (recorder.current?.state === "recording") setSeconds((was) => was + 1);
    }, 1_000);
    return () => clearInterval(ticking);
  }, []);
  useEffect(() => {
    if (seconds >= LONGEST_S) stop(recorder.current);
  }, [seconds]);
  return (
    <Dialog title={say("recording")} onClose={onClose}>
      {refused ? (
        <p class="notice wrong" role="alert">
          {say("microphoneRefused")}
        </p>
      ) : (
        <p class="clock" role="timer">
          {clock(seconds)} <small>/ {clock(LONGEST_S)}</small>
        </p>
      )}
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        {!refused && (
          <button type="button" class="main" disabled={busy || seconds < 1} onClick={() => stop(recorder.current)}>
            {say("stopAndSave")}
          </button>
        )}
      </div>
    </Dialog>
  );
}

function record(stream: MediaStream, done: (said: Blob) => void): MediaRecorder {
  const mimeType = CONTAINERS.find((mime) => MediaRecorder.isTypeSupported(mime)) ?? "";
  const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_S });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => void parts.push(data);
  recorder.onstop = () => {
    stream.getTracks().forEach((track) => track.stop());
    done(new Blob(parts, { type: mimeType }));
  };
  recorder.start();
  return recorder;
}

function stop(recorder: MediaRecorder | null): void {
  if (recorder && recorder.state !== "inactive") recorder.stop();
}

/** One recording to hear: out of this phone while its bytes are here, else from the house. */
export function Heard({ record, dossier, mime }: { record: string; dossier?: string; mime: string }): JSX.Element {
  const [url, setUrl] = useState<string | null>(null);
  const [away, setAway] = useState(false);
  const here = useLive(async () => {
    const { db } = atWork().replica;
    return ((await db.bytes.get(record)) ?? (await db.previews.get(record)))?.bytes ?? null;
  }, [record]);
  useEffect(() => {
    if (!here) return;
    const made = URL.createObjectURL(new Blob([here], { type: mime }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [here]);
  const bring = async (): Promise<void> => {
    const { line, replica } = atWork();
    const query = `dossier=${encodeURIComponent(dossier ?? "")}&via=server`;
    try {
      const bytes = await line.fetch(`/api/v1/attachments/${record}/original?${query}`);
      await keepBrought(replica.db, record, bytes);
    } catch {
      setAway(true);
    }
  };
  if (url) return <audio controls src={url} aria-label={say("recording")} />;
  return (
    <button type="button" disabled={here === undefined || !dossier} onClick={() => void bring()}>
      <Icon name="voice" />
      {away ? say("notHereNow") : say("listen")}
    </button>
  );
}
