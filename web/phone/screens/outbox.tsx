/** 待提交: what is not home yet, in things people recognise; how the phone stands; settings. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Offset, offset } from "../../sync/clocks.ts";
import { exportUnsent } from "../../sync/export.ts";
import { BY_BYTES, type Room, room, total, type Unsent, unsent } from "../../sync/storage.ts";
import { authorOf } from "../carrying.ts";
import { offered } from "../device.ts";
import { handOver, workName } from "../files.ts";
import { atWork, connection, type Connection, exit, lastSync, saving, soon, syncing, uploading } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { clockTime, Icon, moment, Picture, Section } from "../marks.tsx";
import { Dialog } from "../parts.tsx";
import { leave, lock, named } from "../people.ts";
import { label, projectName } from "../reading.ts";
import { type RoomWord, say } from "../room-words.ts";
import { doubt, why } from "../why.ts";
import { changeLanguage, language, word } from "../words.ts";
import { BringIn } from "./carry.tsx";
import { opWord } from "./waiting.tsx";

const STANDING: Record<Connection, RoomWord> = {
  unknown: "syncing",
  online: "online",
  offline: "offlineWorks",
  expired: "expiredHint",
  "too-old": "tooOld",
  revoked: "revoked",
};

/** "3 条问题、14 张照片". */
export function inWords({ records, photos, recordings }: Unsent): string {
  const kinds = Object.entries(records).filter(([kind]) => !BY_BYTES.includes(kind));
  const said = kinds.map(([kind, n]) => say("itemsN", { n, kind: word("kind", kind) }));
  if (photos) said.push(say("photosN", { n: photos }));
  if (recordings) said.push(say("recordingsN", { n: recordings }));
  return said.join(say("and"));
}

export function Outbox(): JSX.Element {
  const told = useLive(() => unsent(atWork().replica.db), []);
  const [leaving, setLeaving] = useState(false);
  if (!told) return <main />;
  const [n, here] = [total(told), named()];
  return (
    <main>
      <header class="lead">
        <h1>{n ? inWords(told) : say("allHome")}</h1>
        <p role="status">{say(STANDING[connection.value])}</p>
        <p class="muted">{lastSync.value ? say("lastSync", { at: clockTime(lastSync.value) }) : say("never")}</p>
        <button type="button" class="main" disabled={syncing.value} onClick={soon}>
          {syncing.value ? say("syncing") : say("syncNow")}
        </button>
      </header>
      <Doubted />
      <Entries />
      <Section title={say("exportWork")}>
        <p class="muted">{say("exportHint")}</p>
        <button type="button" disabled={!n && !told.invalid} onClick={() => void download().catch(tell)}>
          {say("exportWork")}
        </button>
      </Section>
      <BringIn />
      <Witnessing />
      <Health />
      <Section title={say("settings")}>
        <div class="duo">
          <button type="button" onClick={changeLanguage}>
            {say("otherLanguage")}
          </button>
          <button
            type="button"
            onClick={() => {
              lock();
              exit();
            }}
          >
            {say("lock")}
          </button>
        </div>
        {!here.enrolled && (
          <button type="button" onClick={() => (offered.value = "")}>
            {say("enrol")}
          </button>
        )}
        <button type="button" class="grave" onClick={() => setLeaving(true)}>
          {say("signOut")}
        </button>
      </Section>
      {leaving && <Leaving n={n + told.invalid} onClose={() => setLeaving(false)} />}
    </main>
  );
}

/** Dossiers whose server is not believed, and why; what is unsent of them stays here. */
function Doubted(): JSX.Element | null {
  const doubts = useLive(async () => {
    const rows = await atWork().replica.db.doubts.toArray();
    return Promise.all(rows.map(async (row) => ({ row, site: await projectName(row.dossier) })));
  }, []);
  if (!doubts?.length) return null;
  return (
    <ul class="cards">
      {doubts.map(({ row, site }) => (
        <li class="notice wrong" role="alert" key={row.dossier}>
          <b>{site}</b>
          <p>{doubt(row.why)}</p>
          <small>
            {say("doubtHint")} · {moment(row.at)}
          </small>
        </li>
      ))}
    </ul>
  );
}

/** What this phone holds of what the house has signed, as a file for whoever checks it. */
function Witnessing(): JSX.Element {
  const held = useLive(() => atWork().replica.db.held.count(), []) ?? 0;
  const save = async (): Promise<void> => {
    const { evidence } = await import("../../sync/trust.ts");
    const told = JSON.stringify(await evidence(atWork().replica.db), null, 1);
    const { replica, user } = atWork();
    handOver(new Blob([told], { type: "application/json" }), workName(user, replica.now(), "json"));
  };
  return (
    <Section title={say("evidenceHeld")}>
      <p class="muted">{held ? say("evidenceHint", { n: held }) : say("evidenceNone")}</p>
      <button type="button" disabled={!held} onClick={() => void save().catch(tell)}>
        {say("exportEvidence")}
      </button>
    </Section>
  );
}

/** What waits, and what the house said of the rest. */
function Entries(): JSX.Element | null {
  const rows = useLive(async () => {
    const { db } = atWork().replica;
    const waiting = (await db.outbox.where("state").equals("new").sortBy("n")).filter(
      ({ change }) => !BY_BYTES.includes(change.kind),
    );
    return Promise.all(
      waiting
        .slice(0, 100)
        .map(async (row) => ({ row, named: await label(row.dossier, row.record, word("kind", row.change.kind)) })),
    );
  }, [language.value]);
  const media = useLive(() => atWork().replica.db.media.where("state").anyOf("kept", "sent").toArray(), []);
  if (!rows || !media) return null;
  const retry = (photo: string): void =>
    void saving((replica) => replica.db.media.update(photo, { fault: null })).catch(tell);
  return (
    <>
      <ul class="cards">
        {rows.map(({ row, named }) => (
          <li class="card" key={row.id}>
            <b>{named}</b>
            <small>
              {say("did", { op: say(opWord(row.change.op)), kind: word("kind", row.change.kind) })} ·{" "}
              {moment(row.change.at)} · {say("waitsForLine")}
            </small>
          </li>
        ))}
      </ul>
      <ul class="cards">
        {media.slice(0, 100).map((row) => {
          const share = uploading.value[row.photo];
          const spoken = row.mime.startsWith("audio/");
          const standing =
            row.state === "sent"
              ? say("arrived")
              : share === undefined
                ? say("awaiting")
                : say("uploading", { n: Math.round(share * 100) });
          return (
            <li class="card row" key={row.photo}>
              <span class="thumb">{spoken ? <Icon name="voice" /> : <Picture photo={row.photo} alt="" />}</span>
              <span class="grow">
                <b>{say(spoken ? "recording" : "photo")}</b>
                <small>{row.fault ? why(row.fault) : standing}</small>
              </span>
              {row.fault && (
                <button type="button" onClick={() => retry(row.photo)}>
                  {say("again")}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

const MIB = 1024 * 1024;
const size = (bytes: number): string =>
  bytes > 1024 * MIB ? `${(bytes / 1024 / MIB).toFixed(1)} GB` : `${Math.round(bytes / MIB)} MB`;
const CLOCK_MATTERS_MS = 120_000; // beyond it the server flags what was captured (protocol.md §6)

function Health(): JSX.Element {
  const [there, setThere] = useState<Room | null>(null);
  const [clock, setClock] = useState<Offset | null>(null);
  useEffect(() => {
    room().then(setThere, tell);
    offset(atWork().replica.db).then(setClock, tell);
  }, [syncing.value]);
  return (
    <>
      <Section title={say("storage")}>
        {there?.little && (
          <p class="notice wrong" role="alert">
            {say("storageLittle")}
          </p>
        )}
        <p>{there?.kept ? say("storageKept") : say("storageLoose")}</p>
        {there?.free != null && <p class="muted">{say("storageFree", { n: size(there.free) })}</p>}
      </Section>
      {clock && (
        <Section title={say("connection")}>
          <p class={Math.abs(clock.ms) > CLOCK_MATTERS_MS ? "late" : "muted"}>
            {Math.abs(clock.ms) > CLOCK_MATTERS_MS
              ? say("clockOff", { n: Math.round(Math.abs(clock.ms) / 1000), at: moment(clock.at) })
              : say("clockRight", { at: moment(clock.at) })}
          </p>
        </Section>
      )}
    </>
  );
}

export async function download(): Promise<void> {
  const { replica, user } = atWork();
  const at = replica.now();
  await replica.freeze();
  const { file } = await exportUnsent(replica.db, at, authorOf(user), replica.device);
  handOver(file, workName(user, at, "tar"));
}

function Leaving({ n, onClose }: { n: number; onClose: () => void }): JSX.Element {
  const out = (): void => {
    const { line, user } = atWork();
    line.signOut().catch(() => {}); // without a line it runs out by itself
    leave(user);
    exit();
  };
  return (
    <Dialog title={say("signOut")} onClose={onClose}>
      <p>{n ? say("signOutAsk", { n }) : say("signOutPlain")}</p>
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        {n > 0 && (
          <button type="button" onClick={() => void download().catch(tell)}>
            {say("exportFirst")}
          </button>
        )}
        <button type="button" class="grave" onClick={out}>
          {say("signOut")}
        </button>
      </div>
    </Dialog>
  );
}
