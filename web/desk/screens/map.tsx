/** Where the issues lie: the sites on a map and, with the same figures, in a list. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { get, type Said } from "../house.ts";
import { beat } from "../live.ts";
import type { Site } from "../map.ts";
import { Empty, Loading, Trouble } from "../marks.tsx";
import { filter, narrow, narrowed } from "../queue.ts";
import { go } from "../route.ts";
import { say } from "../words.ts";

export function District(): JSX.Element {
  const query = narrowed({ ...filter.value, dossier: "" });
  const sites = useAsked((signal) => get<Said<"Projects">>("/api/v1/projects", signal), []);
  const heaps = useAsked(
    (signal) => get<Said<"Heaps">>(`/api/v1/issues/by-project?${query}`, signal),
    [String(query)],
    beat.value,
  );
  const known = new Map(sites.told?.items.map((one) => [one.dossier, one]));
  const items = (heaps.told?.items ?? []).toSorted((a, b) => b.overdue - a.overdue || b.total - a.total);
  const placed = items.flatMap((heap): Site[] => {
    const site = known.get(heap.dossier);
    if (!site || site.lat_e7 === null || site.lon_e7 === null) return [];
    return [{ ...heap, name: site.name, lat_e7: site.lat_e7, lon_e7: site.lon_e7 }];
  });
  const pick = (dossier: string): void => {
    void narrow({ dossier });
    go("/");
  };
  return (
    <main id="work" class="district">
      <section id="queue" class="inbox" aria-label={say("mapShort")}>
        <p class="muted hint">{say("mapHint")}</p>
        <Trouble wrong={heaps.wrong ?? sites.wrong} again={() => (heaps.again(), sites.again())} />
        {!heaps.told && heaps.busy && <Loading />}
        {heaps.told && !items.length && <Empty title={say("none")} hint={say("noneHint")} />}
        <ol>
          {items.map((heap) => (
            <li key={heap.dossier}>
              <button type="button" onClick={() => pick(heap.dossier)}>
                <strong>{known.get(heap.dossier)?.name ?? heap.dossier}</strong>
                <span class="line">
                  <span>{say("issuesN", { n: heap.total })}</span>
                  {heap.overdue > 0 && <b class="late">{say("overdueN", { n: heap.overdue })}</b>}
                  {heap.major > 0 && <b class="late">{say("majorN", { n: heap.major })}</b>}
                </span>
              </button>
            </li>
          ))}
        </ol>
      </section>
      <article id="detail" aria-label={say("mapShort")}>
        {placed.length > 0 && <Drawn sites={placed} onPick={pick} />}
      </article>
    </main>
  );
}

/** OpenLayers comes when somebody opens this room, and not before. */
function Drawn({ sites, onPick }: { sites: Site[]; onPick: (dossier: string) => void }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const picked = useRef(onPick);
  picked.current = onPick;
  const [wrong, setWrong] = useState<unknown>(null);
  const key = JSON.stringify(sites);
  useEffect(() => {
    let takeDown: (() => void) | undefined;
    let gone = false;
    import("../map.ts").then(({ draw }) => {
      if (!gone && place.current) takeDown = draw(place.current, sites, ({ dossier }) => picked.current(dossier));
    }, setWrong);
    return () => {
      gone = true;
      takeDown?.();
    };
  }, [key]);
  return (
    <>
      <Trouble wrong={wrong} />
      <div class="map" ref={place} role="application" aria-label={say("mapName")} tabIndex={0} />
    </>
  );
}
