/** Where an issue lies: in figures, as far from the site's registered point, and on a map when somebody asks. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { metres, offset, type Place, placeOf } from "../drawing/places.ts";
import { useAsked } from "./asking.ts";
import { get, type Said } from "./house.ts";
import { Trouble } from "./marks.tsx";
import { say, word } from "./words.ts";

type Body = Record<string, unknown>;

// Whoever looks at one issue's place looks at the next one's too.
const open = signal(false);
const WAYS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
const HERE_M = 5; // closer than a phone can tell

export function Where({ dossier, body }: { dossier: string; body: Body }): JSX.Element {
  const { lat_e7: lat, lon_e7: lon, accuracy_m: accuracy, datum } = body;
  const place = placeOf(body);
  if (typeof lat !== "number" || typeof lon !== "number") {
    return (
      <section>
        <h3>{say("where")}</h3>
        <p class="muted">{say("noPlace")}</p>
      </section>
    );
  }
  const told = [`${degrees(lat, "N", "S")} ${degrees(lon, "E", "W")}`];
  if (typeof accuracy === "number") told.push(say("accuracy", { n: accuracy }));
  if (typeof datum === "string") told.push(datum);
  return (
    <section class="where">
      <h3>{say("where")}</h3>
      <p>{told.join(" · ")}</p>
      {place ? (
        <>
          {open.value && <OnMap dossier={dossier} place={place} accuracy_m={typeof accuracy === "number" ? accuracy : 0} />}
          <div class="buttons">
            <button type="button" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
              {say(open.value ? "hideMap" : "showMap")}
            </button>
          </div>
        </>
      ) : (
        <p class="muted">{say("shiftedDatum", { datum: String(datum) })}</p>
      )}
    </section>
  );
}

const degrees = (e7: number, plus: string, minus: string): string =>
  `${(Math.abs(e7) / 1e7).toFixed(6)}°${e7 < 0 ? minus : plus}`;

interface Mapped {
  dossier: string;
  place: Place;
  accuracy_m: number;
}

function OnMap({ dossier, place, accuracy_m }: Mapped): JSX.Element {
  const sites = useAsked((signal) => get<Said<"Projects">>("/api/v1/projects", signal), []);
  const known = sites.told?.items.find((one) => one.dossier === dossier);
  const site = known ? placeOf(known) : null;
  return (
    <>
      <Trouble wrong={sites.wrong} again={sites.again} />
      {site && <p class="muted">{fromSite(site, place)}</p>}
      {(sites.told || sites.wrong) && <Spot place={place} accuracy_m={accuracy_m} site={site} name={known?.name ?? ""} />}
    </>
  );
}

function fromSite(site: Place, place: Place): string {
  const far = metres(site, place);
  if (far < HERE_M) return say("atSite");
  const [east, north] = offset(site, place);
  const eighth = Math.round((Math.atan2(east, north) / Math.PI) * 4 + 8) % 8;
  return say("fromSite", { n: Math.round(far), way: word("way", WAYS[eighth] ?? "n") });
}

/** OpenLayers comes when somebody asks for a map, and not before. */
function Spot({ place, accuracy_m, site, name }: { place: Place; accuracy_m: number; site: Place | null; name: string }): JSX.Element {
  const ground = useRef<HTMLDivElement>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    let takeDown: (() => void) | undefined;
    let gone = false;
    import("./spot.ts").then(({ draw }) => {
      if (!gone && ground.current) takeDown = draw(ground.current, { place, accuracy_m, site, name });
    }, setWrong);
    return () => {
      gone = true;
      takeDown?.();
    };
  }, [JSON.stringify([place, accuracy_m, site])]);
  return (
    <>
      <Trouble wrong={wrong} />
      <div class="map" ref={ground} role="application" aria-label={say("placeMap")} tabIndex={0} />
    </>
  );
}
