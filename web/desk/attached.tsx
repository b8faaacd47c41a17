/** Attachments: played or opened where the browser can, and always to be saved under the name that they came with. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { sized, type Way, wayOf } from "../files.ts";
import { file, type Said } from "./house.ts";
import { moment, saveAs } from "./marks.tsx";
import { here } from "./photographs.tsx";
import { say } from "./words.ts";

type Attachment = Said<"Attachment">;

const MOST = 256 * 1024 * 1024; // bytes that a tab takes into its memory to play them; a longer video is saved

/** A file as it came, saved by a press. */
export function Saving({ path, name, children }: { path: string | null; name: string; children: string }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const save = async (): Promise<void> => {
    if (!path) return;
    setBusy(true);
    try {
      saveAs(await file(here(path)), name);
      setFailed(false);
    } catch {
      setFailed(true);
    }
    setBusy(false);
  };
  return (
    <button type="button" disabled={!path || busy} onClick={() => void save()}>
      {failed ? say("notSaved") : children}
    </button>
  );
}

export function Attached({ file: one }: { file: Attachment }): JSX.Element {
  const facts = [one.taken_at && moment(one.taken_at), sized(one.size), one.caption].filter(Boolean);
  const way = one.size > MOST ? null : wayOf(one.mime);
  return (
    <li>
      <b>{one.name ?? one.mime}</b>
      <p class="muted">{one.original ? facts.join(" · ") : say("awaitedFile")}</p>
      <div class="buttons">
        {one.original && way && <Played path={one.original} way={way} name={one.name ?? one.mime} />}
        <Saving path={one.original} name={one.name ?? one.sha256.slice(0, 12)}>
          {say("saveFile")}
        </Saving>
      </div>
    </li>
  );
}

/** Fetched when somebody asks for it: with the token, which no element of the page sends by itself. */
function Played({ path, way, name }: { path: string; way: Way; name: string }): JSX.Element {
  const [href, setHref] = useState<string | null>(null);
  const [standing, setStanding] = useState<"busy" | "failed" | "broken" | null>(null);
  useEffect(() => () => void (href && URL.revokeObjectURL(href)), [href]);
  const bring = async (): Promise<void> => {
    setStanding("busy");
    try {
      const made = await file(here(path));
      setHref(made);
      setStanding(null);
      if (way === "paper") window.open(made); // where that is not allowed, the link stands here
    } catch {
      setStanding("failed");
    }
  };
  const played = { controls: true, autoPlay: true, src: href ?? "", "aria-label": name, onError: () => setStanding("broken") };
  if (standing === "broken") return <p class="notice">{say("notPlayed")}</p>;
  if (href && way === "video") return <video {...played} playsInline />;
  if (href && way === "audio") return <audio {...played} />;
  if (href)
    return (
      <a class="button" href={href} target="_blank" rel="noopener">
        {say("openPaper")}
      </a>
    );
  return (
    <button type="button" disabled={standing === "busy"} onClick={() => void bring()}>
      {say(standing === "busy" ? "loading" : standing === "failed" ? "notBrought" : way === "paper" ? "openPaper" : "play")}
    </button>
  );
}
