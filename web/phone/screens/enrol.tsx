/** 登记本机: a one-time code makes this phone a device of the house. */

import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { HttpLine, NoLine, Refused, type SignedIn } from "../../sync/line.ts";
import { begun, codeIn, device, leaving, offered, ordered } from "../device.ts";
import { exit } from "../house.ts";
import type { Left } from "../leaving.ts";
import { hasCamera } from "../lens.ts";
import { tell } from "../live.ts";
import { TakePhoto } from "../parts.tsx";
import { enrolledAs, lock, named, openedBy } from "../people.ts";
import { codesIn } from "../qr.ts";
import { announce } from "../toast.ts";
import { say } from "../room-words.ts";
import { language } from "../words.ts";
import { explained } from "./entry.tsx";
import { CarryOut } from "./carry.tsx";
import { Seeking } from "./scan.tsx";

/** The phone goes by the name that the house gave it; who owns it is signed in, at a shared one nobody is yet. */
async function enrolWith(code: string): Promise<SignedIn> {
  // Another tab may have begun a wipe: what is reported late would throw the new key away.
  if (!(await (await leaving()).report())) throw new NoLine("a wipe is not reported yet");
  const left = (await (await leaving()).everybodys()).filter(({ n }) => n > 0);
  const whose = left.map(({ user }) => String(user.id));
  const line = new HttpLine("", () => language.value);
  const told = await (await device()).enrol(line, code, named().id, whose).catch((wrong: unknown) => {
    throw wrong instanceof Refused && wrong.code === "work-of-others" ? new StillHere(wrong, left) : wrong;
  });
  enrolledAs(String(told.device), told.user ?? null);
  ordered(null); // the one before was another device
  // Whoever was at work signed in at a phone that was not yet this device.
  lock();
  exit();
  return told;
}

/** Who has to send first, and how much: the house knows whose code it is, and the phone what is here. */
class StillHere extends Error {
  readonly others: Left[];

  constructor({ details }: Refused, left: Left[]) {
    const others = left.filter(({ user }) => (details.people as unknown[]).includes(user.id));
    const who = others.map(({ user, n }) => say("leftBy", { who: user.name ?? "", n })).join(say("and"));
    super(say("othersWork", { who }));
    this.others = others;
  }
}

export function Enrol(): JSX.Element {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [stopped, setStopped] = useState<{ code: string; others: Left[] } | null>(null);
  const code = offered.value ?? "";
  const enrol = async (which: string): Promise<void> => {
    setBusy(true);
    setFault(null);
    setStopped(null);
    try {
      const told = await enrolWith(which);
      if (told.user) begun.value = { opened: openedBy(told), hours: told.offline_hours };
      else announce(say("sharedDone"));
      offered.value = null;
    } catch (wrong) {
      setFault(explained(wrong));
      if (wrong instanceof StillHere) setStopped({ code: which, others: wrong.others });
      offered.value = "";
    } finally {
      setBusy(false);
    }
  };
  const found = (codes: string[]): boolean => {
    const which = codes.map(codeIn).find(Boolean);
    if (which) void enrol(which);
    else setFault(codes.length ? say("noEnrolCode") : say("noCode"));
    return Boolean(which);
  };
  const typed = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    found([String(new FormData(event.currentTarget).get("code"))]);
  };
  return (
    <main class="door">
      <h1>{say("enrol")}</h1>
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      {busy ? (
        <p class="muted" role="status">
          {say("enrolling")}
        </p>
      ) : stopped ? (
        <Stopped {...stopped} onFree={() => setFault(null)} onEnrol={() => void enrol(stopped.code)} />
      ) : code ? (
        <>
          <p>{say("enrolAsk")}</p>
          <p class="muted">{say("enrolWhose")}</p>
          <button type="button" class="main" onClick={() => void enrol(code)}>
            {say("enrol")}
          </button>
        </>
      ) : (
        <>
          <p class="muted">{say("enrolHint")}</p>
          {/* Most frames of the camera show none. */}
          {hasCamera.value && <Seeking onFound={(codes) => codes.length > 0 && found(codes)} />}
          <TakePhoto
            label={say("codeFromPicture")}
            onTake={(file) => void codesIn(file).then(found, tell)}
            own
            class="button"
          >
            {say("codeFromPicture")}
          </TakePhoto>
          <form onSubmit={typed}>
            <label class="field">
              <span>{say("typeCode")}</span>
              <input name="code" autocomplete="off" autocapitalize="none" spellcheck={false} required maxLength={400} />
            </label>
            <button>{say("enrol")}</button>
          </form>
        </>
      )}
      <button type="button" class="quiet" onClick={() => (offered.value = null)}>
        {say("cancel")}
      </button>
    </main>
  );
}

interface Stopping {
  others: Left[];
  /** Nothing of others is here any more. */
  onFree: () => void;
  onEnrol: () => void;
}

/** Before the work of others: it is carried out by hand, or they send it. Then the same code is as good as before. */
function Stopped({ others, onFree, onEnrol }: Stopping): JSX.Element {
  const [still, setStill] = useState(others);
  const gone = ({ user }: Left): void => {
    const now = still.filter((one) => one.user.id !== user.id);
    setStill(now);
    if (!now.length) onFree();
  };
  return (
    <>
      <p class="muted">{say(still.length ? "carryHint" : "othersGone")}</p>
      <ul class="cards">
        {still.map((one) => (
          <CarryOut key={one.user.id} of={one} onGone={() => gone(one)} />
        ))}
      </ul>
      <button type="button" class={still.length ? "" : "main"} onClick={onEnrol}>
        {say("enrol")}
      </button>
    </>
  );
}
