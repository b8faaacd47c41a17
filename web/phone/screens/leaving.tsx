/** The end of this phone as a device, explained: what is only here, and whose word is wanted. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { leaving, order } from "../device.ts";
import { atWork, exit } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { moment } from "../marks.tsx";
import { Confirm } from "../parts.tsx";
import { lock } from "../people.ts";
import { say } from "../room-words.ts";
import { download } from "./outbox.tsx";

const goes = (): void => {
  lock();
  exit();
};

export function Leaving(): JSX.Element {
  const left = useLive(async () => (await leaving()).everybodys(), []);
  const [asking, setAsking] = useState(false);
  if (!left) return <main />;
  const told = order.value;
  const [me, n] = [atWork().user.id, left.reduce((sum, one) => sum + one.n, 0)];
  const wipe = async (): Promise<void> => (await leaving()).wipe(told?.order ?? "", n);
  return (
    <main>
      <header class="lead">
        <h1>{say(told?.push_first ? "leavingTitle" : "revokedTitle")}</h1>
        <p>{say(told?.push_first ? "leavingHint" : "revokedHint")}</p>
        {told && <p class="muted">{moment(told.at)}</p>}
      </header>
      <ul class="cards">
        {left.map((one) => (
          <li class="card" key={one.user.id}>
            <b>{one.user.name}</b>
            <small>{one.n ? say("leftHere", { n: one.n }) : say("leftNone")}</small>
            {one.n > 0 && one.user.id !== me && (
              <>
                <small>{say("leftOthers")}</small>
                <button type="button" onClick={goes}>
                  {say("lock")}
                </button>
              </>
            )}
            {one.n > 0 && one.user.id === me && (
              <button type="button" class="main" onClick={() => void download().catch(tell)}>
                {say("exportWork")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" class="grave" onClick={() => setAsking(true)}>
        {say("wipeNow")}
      </button>
      {asking && (
        <Confirm
          title={say("wipeNow")}
          yes={say("wipeNow")}
          onYes={() => void wipe().catch(tell)}
          onClose={() => setAsking(false)}
        >
          <p>{n ? say("wipeAsk", { n }) : say("wipePlain")}</p>
        </Confirm>
      )}
    </main>
  );
}
