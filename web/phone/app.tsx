/** The frame: what is on top, what is below, and the screen that the address names. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { total, unsent } from "../sync/storage.ts";
import { followPosition } from "./camera.ts";
import { begin, shoot } from "./drafts.ts";
import { begun, ended, offered, order, unreported } from "./device.ts";
import { atWork, connection, house, syncing } from "./house.ts";
import { type Rooms, rooms } from "./later.ts";
import { sought } from "./lens.ts";
import { tell, trouble, useLive } from "./live.ts";
import { Empty, Icon } from "./marks.tsx";
import { TakePhoto } from "./parts.tsx";
import { questions } from "./traces.ts";
import { waiting } from "./reading.ts";
import { go, parts, route } from "./route.ts";
import { Day } from "./screens/day.tsx";
import { Door } from "./screens/door.tsx";
import { Issue } from "./screens/issue.tsx";
import { Issues } from "./screens/issues.tsx";
import { lastIssue, NewIssue } from "./screens/new-issue.tsx";
import { Project, Projects } from "./screens/projects.tsx";
import { toast } from "./toast.ts";
import { language, say, type Word } from "./words.ts";
import { ready, takeOver } from "./worker.ts";

export function App(): JSX.Element {
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.title = say("product");
  }, [language.value]);
  const at = house.value;
  return (
    <>
      {/* A wipe is reported by the key that is thrown away then: a new one must not be there yet. */}
      {offered.value !== null && rooms.value && !unreported.value ? (
        <rooms.value.Enrol />
      ) : at && !begun.value ? (
        <Inside key={at.user.id} />
      ) : (
        <Door key={unreported.value ? "wiped" : "door"} />
      )}
      {at && rooms.value && sought.value && <rooms.value.Viewfinder of={sought.value} />}
      <Notices />
    </>
  );
}

function Inside(): JSX.Element {
  const { user } = atWork();
  const [asked, ...rest] = parts(route.value);
  // On a revoked phone there is only what it never took, to be carried out.
  const room = ended.value && !["outbox", "sign-in"].includes(asked ?? "") ? "leaving" : asked;
  // Only signing in again can go on, and only with a line; work here goes on without.
  if (room === "sign-in") return <Door asked={user.username ?? ""} />;
  const deep = rest.length > 0 || ["scan", "outbox", "leaving"].includes(room ?? "");
  return (
    <>
      <header class="top">
        {deep ? (
          <button type="button" class="quiet back" onClick={() => history.back()} aria-label={say("back")}>
            <Icon name="back" />
          </button>
        ) : (
          <img src="/phone/mark.svg" alt="" width="28" height="28" />
        )}
        <span class="where">{say(TITLES[room ?? ""] ?? "today")}</span>
        <Standing />
      </header>
      {(order.value || connection.value === "revoked") && room !== "leaving" && (
        <p class="notice bar wrong" role="alert">
          {say(order.value?.push_first ? "leaving" : "revoked")} <a href="#/leaving">{say("see")}</a>
        </p>
      )}
      {connection.value === "expired" && (
        <p class="notice bar" role="alert">
          {say("expiredHint")} <a href="#/sign-in">{say("signIn")}</a>
        </p>
      )}
      <Doubts />
      <Screen room={room ?? ""} rest={rest} />
      {!ended.value && <Below room={room ?? ""} />}
    </>
  );
}

const TITLES: Record<string, Word> = {
  "": "today",
  projects: "projects",
  issues: "issues",
  new: "newIssue",
  inspections: "inspection",
  waiting: "waiting",
  outbox: "outbox",
  scan: "scan",
  leaving: "product",
};

interface Place {
  room: string;
  rest: string[];
}

function Screen({ room, rest }: Place): JSX.Element {
  const [first, second] = rest;
  switch (room) {
    case "":
      return <Day />;
    case "projects":
      return first ? <Project dossier={first} key={first} /> : <Projects />;
    case "issues":
      return first && second ? <Issue dossier={first} record={second} key={second} /> : <Issues />;
    case "new":
      return second ? <NewIssue id={second} key={second} /> : <NothingHere />;
    default:
      return rooms.value ? <Later rooms={rooms.value} room={room} rest={rest} /> : <main />;
  }
}

function Later({
  rooms: { Conflict, Form, Inspection, Leaving, Outbox, Scan, Waiting },
  room,
  rest,
}: Place & { rooms: Rooms }): JSX.Element {
  const [first, second, form, instance] = rest;
  if (room === "outbox") return <Outbox />;
  if (room === "leaving") return <Leaving />;
  if (room === "scan") return <Scan />;
  if (room === "waiting")
    return first && second ? <Conflict dossier={first} record={second} key={second} /> : <Waiting />;
  if (room !== "inspections" || !first || !second) return <NothingHere />;
  if (!form) return <Inspection dossier={first} record={second} key={second} />;
  const named = instance === "-" || !instance ? "" : instance;
  return <Form dossier={first} record={second} form={form} instance={named} key={form} />;
}

const NothingHere = (): JSX.Element => (
  <main>
    <Empty title={say("gone")} />
  </main>
);

/** A server that shows another past than it signed: said on every screen, until it is believed again. */
function Doubts(): JSX.Element | null {
  const doubted = useLive(() => atWork().replica.db.doubts.toArray(), []);
  if (!doubted?.length) return null;
  return (
    <p class="notice bar grave" role="alert">
      <a href="#/outbox">{say("doubted", { n: doubted.length })}</a>
    </p>
  );
}

/** What is unsent, from the outbox itself, and whether there is a line. */
function Standing(): JSX.Element {
  const told = useLive(() => unsent(atWork().replica.db), []);
  const n = told ? total(told) : 0;
  const there = connection.value;
  const look = there === "offline" ? "away" : n ? "some" : "home";
  const words = n
    ? say("unsentCount", { n })
    : there === "offline"
      ? say("offline")
      : syncing.value && there === "unknown"
        ? say("syncing")
        : say("allHome");
  return (
    <a class={`standing ${look}`} href="#/outbox">
      {there === "offline" && n > 0 && <span>{say("offline")}</span>}
      {words}
    </a>
  );
}

function Below({ room }: { room: string }): JSX.Element {
  const open = useLive(waiting, []);
  const n =
    open?.filter(
      ({ kind, body }) => kind === "parked" || Object.values(questions(body)).some(({ mode }) => mode === "review"),
    ).length ?? 0;
  const following = useRef<(() => void) | null>(null);
  const follow = (): void => void (following.current ??= followPosition());
  const unfollow = (): void => {
    following.current?.();
    following.current = null;
  };
  const start = async (file: File): Promise<void> => {
    try {
      const draft = begin("issue", { severity: "general", domain: lastIssue().domain ?? "safety" });
      await shoot(
        () => draft,
        file,
        () => {},
      );
      go(draft.route);
    } finally {
      unfollow();
    }
  };
  const here = (name: string) => ({ "aria-current": room === name ? ("page" as const) : undefined });
  return (
    <nav class="below">
      <a href="#/" {...here("")}>
        <Icon name="day" />
        {say("today")}
      </a>
      <a href="#/projects" {...here("projects")}>
        <Icon name="site" />
        {say("projects")}
      </a>
      <TakePhoto
        label={say("camera")}
        onOpen={follow}
        onCancel={unfollow}
        onTake={(file) => void start(file).catch(tell)}
        class="shutter"
      >
        <Icon name="camera" />
      </TakePhoto>
      <a href="#/issues" {...here("issues")}>
        <Icon name="list" />
        {say("issues")}
      </a>
      <a href="#/waiting" {...here("waiting")}>
        <Icon name="bell" />
        {say("waiting")}
        {n > 0 && <b class="count">{n}</b>}
      </a>
    </nav>
  );
}

function Notices(): JSX.Element {
  return (
    <div class="notices">
      {toast.value && (
        <p class="toast" role="status">
          {toast.value}
        </p>
      )}
      {trouble.value && (
        <p class="toast wrong" role="alert">
          {say("trouble")}: {trouble.value}
          <button type="button" class="quiet" onClick={() => (trouble.value = null)}>
            {say("close")}
          </button>
        </p>
      )}
      {ready.value && (
        <p class="toast" role="status">
          {say("update_ready")} <small>{say("updateHint")}</small>
          <button type="button" class="main" onClick={takeOver}>
            {say("updateNow")}
          </button>
          <button type="button" class="quiet" onClick={() => (ready.value = null)}>
            {say("later")}
          </button>
        </p>
      )}
    </div>
  );
}
