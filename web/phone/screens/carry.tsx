/** Work carried by hand: out of a phone whose person is not here, and into the phone of its author. */

import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { bringIn, type Fault, NotTaken } from "../../sync/carried.ts";
import type { Tally } from "../../sync/export.ts";
import { isSaved, letGo, pack, type Packed } from "../carrying.ts";
import { handOver } from "../files.ts";
import { atWork, saving } from "../house.ts";
import type { Left } from "../leaving.ts";
import { Section } from "../marks.tsx";
import { Confirm } from "../parts.tsx";
import { type RoomWord, say } from "../room-words.ts";

/** "3 项修改、2 张照片". */
function counted({ changes, photos, recordings, drafts }: Tally): string {
  const said: [number, RoomWord][] = [
    [changes, "changesN"],
    [photos, "photosN"],
    [recordings, "recordingsN"],
    [drafts, "draftsN"],
  ];
  const there = said.filter(([n]) => n > 0).map(([n, named]) => say(named, { n }));
  return there.join(say("and"));
}

interface Choosing {
  label: string;
  onChoose: (file: File) => void;
}

const ChooseFile = ({ label, onChoose }: Choosing): JSX.Element => {
  const chosen = (event: TargetedEvent<HTMLInputElement>): void => {
    const [file] = event.currentTarget.files ?? [];
    event.currentTarget.value = ""; // the same file may be chosen again
    if (file) onChoose(file);
  };
  return (
    <label class="button take">
      <input type="file" accept=".tar,application/x-tar" onChange={chosen} aria-label={label} />
      {label}
    </label>
  );
};

interface Carrying {
  of: Left;
  /** Nothing of this person's is here any more. */
  onGone: () => void;
}

/** Somebody's work on its way out: exported, the file read back, and only then let go of by a person's word. */
export function CarryOut({ of: { user, n }, onGone }: Carrying): JSX.Element {
  const [packed, setPacked] = useState<Packed | null>(null);
  const [saved, setSaved] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const who = user.name ?? user.username ?? "";
  const at = (work: () => Promise<void>): void => {
    setBusy(true);
    setFault(null);
    void work()
      .catch((wrong: unknown) => setFault(String(wrong)))
      .finally(() => setBusy(false));
  };
  const out = async (): Promise<void> => {
    const made = await pack(user);
    setPacked(made);
    setSaved(false);
    handOver(made.file, made.name);
  };
  const check = async (file: File): Promise<void> => {
    if (packed && (await isSaved(packed, file))) setSaved(true);
    else setFault(say("otherFile", { name: packed?.name ?? "" }));
  };
  const go = async (): Promise<void> => {
    setAsking(false);
    if (packed && (await letGo(packed))) return onGone();
    setPacked(null);
    setSaved(false);
    setFault(say("moreSince", { who }));
  };
  return (
    <li class="card">
      <b>{who}</b>
      <small>{say("leftHere", { n })}</small>
      {packed && (
        <p class={saved ? "" : "muted"} role="status">
          {say(saved ? "fileSaved" : "fileHanded", { who, name: packed.name, what: counted(packed) })}
        </p>
      )}
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      {packed && !saved && <ChooseFile label={say("checkFile")} onChoose={(file) => at(() => check(file))} />}
      {!saved && (
        <button type="button" class={packed ? "quiet" : "main"} disabled={busy} onClick={() => at(out)}>
          {say(packed ? "exportAgain" : "exportOf", { who })}
        </button>
      )}
      {saved && (
        <button type="button" class="grave" disabled={busy} onClick={() => setAsking(true)}>
          {say("letGo", { who })}
        </button>
      )}
      {asking && packed && (
        <Confirm
          title={say("letGo", { who })}
          yes={say("letGoYes")}
          onYes={() => at(go)}
          onClose={() => setAsking(false)}
        >
          <p>{say("letGoAsk", { who, what: counted(packed), name: packed.name })}</p>
        </Confirm>
      )}
    </li>
  );
}

const FAULTS: Record<Fault, RoomWord> = {
  "no-export": "notAnExport",
  damaged: "exportDamaged",
  "of-another": "exportOfAnother",
};

/** One's own work out of a file, behind what waits here. */
export function BringIn(): JSX.Element {
  const [told, setTold] = useState<{ well: boolean; says: string } | null>(null);
  const bring = async (file: File): Promise<void> => {
    try {
      const taken = await saving((replica) => bringIn(replica.db, file, String(atWork().user.id), replica.now()));
      const what = counted(taken);
      setTold({ well: true, says: what ? say("broughtIn", { what }) : say("allHere") });
    } catch (wrong) {
      const says =
        wrong instanceof NotTaken ? say(FAULTS[wrong.why], { who: wrong.author?.name ?? "" }) : String(wrong);
      setTold({ well: false, says });
    }
  };
  return (
    <Section title={say("bringIn")}>
      <p class="muted">{say("bringInHint")}</p>
      <ChooseFile label={say("bringInFile")} onChoose={(file) => void bring(file)} />
      {told && (
        <p class={`notice ${told.well ? "" : "wrong"}`} role={told.well ? "status" : "alert"}>
          {told.says}
        </p>
      )}
    </Section>
  );
}
