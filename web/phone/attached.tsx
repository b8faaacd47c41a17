/** 附件: papers and videos under a record, shown in their place where this browser can, and always to be saved. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { sized, type Way, wayOf } from "../files.ts";
import { keepBrought } from "../sync/brought.ts";
import { NoLine, Refused } from "../sync/line.ts";
import { look, type Seen } from "../sync/view.ts";
import { handOver } from "./files.ts";
import { atWork, connection } from "./house.ts";
import { useLive } from "./live.ts";
import { moment, Section } from "./marks.tsx";
import { text } from "./reading.ts";
import { say } from "./room-words.ts";
import { Heard } from "./voice.tsx";
import { why } from "./why.ts";

const MOST = 128 * 1024 * 1024; // bytes that a page of a weak phone bears in its memory
const KEPT = 16 * 1024 * 1024; // what was opened once and is no larger can be opened on site, without a line
const PATIENCE_MS = 60_000;
const SLOWEST_B_PER_MS = 64; // half a megabit: what comes more slowly than that has stopped

const PAPER = "application/pdf";
const mimeOf = ({ body }: Seen): string => text(body, "mime");
const isSpoken = (one: Seen): boolean => mimeOf(one).startsWith("audio/");

/** What lies under a record; a screen with a place of its own for what was said leaves that out. */
export function Attachments({ of, spoken = false }: { of: Seen; spoken?: boolean }): JSX.Element | null {
  const found = useLive(
    async () =>
      [...(await look(atWork().replica.db, { dossier: of.dossier, kind: "attachment" })).values()]
        .filter((one) => one.body.subject === of.record && (spoken || !isSpoken(one)))
        .sort((a, b) => (text(a.body, "taken_at") < text(b.body, "taken_at") ? -1 : 1)),
    [of.dossier, of.record],
  );
  if (!found?.length) return null;
  return (
    <Section title={say("attachments")}>
      <ul class="cards">
        {found.map((one) => (
          <li class="card attached" key={one.record}>
            <Attached file={one} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Attached({ file }: { file: Seen }): JSX.Element {
  const { body, record, dossier } = file;
  const [mime, size] = [mimeOf(file), sized(Number(body.size))];
  const facts = [text(body, "taken_at") && moment(text(body, "taken_at")), size, text(body, "caption")];
  return (
    <>
      <b>{text(body, "name") || mime}</b>
      <small>{facts.filter(Boolean).join(" · ")}</small>
      {isSpoken(file) ? <Heard record={record} dossier={dossier} mime={mime} /> : <Shown file={file} />}
    </>
  );
}

type Standing = "busy" | "failed" | "broken" | null;

/** What this phone has of the file, and the way to all of it. */
function useFile({ record, dossier, body }: Seen) {
  const [brought, setBrought] = useState<Blob | null>(null);
  const [standing, setStanding] = useState<Standing>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const coming = useRef<AbortController | null>(null);
  useEffect(() => () => coming.current?.abort(), []);
  const type = text(body, "mime");
  const kept = useLive(async () => {
    const { db } = atWork().replica;
    const bytes = ((await db.bytes.get(record)) ?? (await db.previews.get(record)))?.bytes;
    return bytes ? new Blob([bytes], { type }) : null;
  }, [record]);
  const here = brought ?? kept;
  const bring = async (): Promise<Blob | null> => {
    if (here) return here;
    const { line, replica } = atWork();
    const { signal } = (coming.current = new AbortController());
    const late = setTimeout(() => coming.current?.abort(), PATIENCE_MS + Number(body.size) / SLOWEST_B_PER_MS);
    setStanding("busy");
    try {
      const query = `dossier=${encodeURIComponent(dossier)}&via=server`;
      // What is kept is kept by us, once, and goes when the phone is wiped: nothing of it in the browser's cache.
      const how = { signal, cache: "no-store" } as const;
      const bytes = await line.fetch(`/api/v1/attachments/${record}/original?${query}`, how);
      const made = new Blob([bytes], { type });
      setBrought(made);
      setStanding(null);
      // Where the phone has no room, it is shown all the same.
      if (bytes.byteLength <= KEPT) await keepBrought(replica.db, record, bytes).catch(() => {});
      return made;
    } catch (fault) {
      setWrong(fault);
      setStanding("failed");
      return null;
    } finally {
      clearTimeout(late);
    }
  };
  return { here, asked: kept !== undefined, standing, wrong, bring, broken: () => setStanding("broken") };
}

type OfFile = ReturnType<typeof useFile>;

/** What is to be said of it; nothing where it is simply there. */
function saying(file: Seen, way: Way | null, { here, standing, wrong }: OfFile): string {
  const size = sized(Number(file.body.size));
  if (!here && !file.body.stored_at) return say("awaitedFile");
  if (!here && Number(file.body.size) > MOST) return say("tooLargeHere", { size });
  if (standing === "busy") return say("bringing", { size });
  if (standing === "failed" && wrong instanceof Refused) return why(wrong.code);
  if (!here && (connection.value === "offline" || wrong instanceof NoLine)) return say("fileNotHere");
  if (standing === "failed") return say("notBrought");
  if (standing === "broken" || (!way && mimeOf(file) !== PAPER)) return say("notPlayed");
  return way ? "" : say("paperElsewhere");
}

function Shown({ file }: { file: Seen }): JSX.Element {
  const { body } = file;
  const of = useFile(file);
  const [href, setHref] = useState<string | null>(null);
  useEffect(() => () => void (href && URL.revokeObjectURL(href)), [href]);
  const way = wayOf(mimeOf(file));
  const name = text(body, "name") || text(body, "sha256").slice(0, 12);
  const out = of.standing === "busy" || !of.asked || (!of.here && (!body.stored_at || Number(body.size) > MOST));
  const show = (found: Blob): void => {
    const made = URL.createObjectURL(found);
    setHref(made);
    if (way === "paper") window.open(made); // where that is not allowed, the link stands here
  };
  const then = (act: (found: Blob) => void) => (): void => void of.bring().then((found) => found && act(found));
  const played = { controls: true, autoPlay: true, src: href ?? "", "aria-label": name, onError: of.broken };
  const says = saying(file, way, of);
  return (
    <>
      {href && way === "video" && of.standing !== "broken" && <video {...played} playsInline />}
      <div role="status">{says && <p class={of.standing ? "notice" : "muted"}>{says}</p>}</div>
      <div class="menu">
        {way && !href && (
          <button type="button" disabled={out} onClick={then(show)}>
            {say(way === "paper" ? "openPaper" : "play")}
          </button>
        )}
        {way === "paper" && href && (
          <a class="button" href={href} target="_blank" rel="noopener">
            {say("openPaper")}
          </a>
        )}
        <button type="button" disabled={out} onClick={then((found) => handOver(found, name))}>
          {say("saveFile")}
        </button>
      </div>
    </>
  );
}
