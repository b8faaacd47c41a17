/** What lies under a map: tiles of the office's own where it has some (decision 0047), else a grid. */

import Graticule from "ol/layer/Graticule.js";
import Group from "ol/layer/Group.js";
import Tile from "ol/layer/Tile.js";
import XYZ from "ol/source/XYZ.js";
import Stroke from "ol/style/Stroke.js";

import { get } from "./house.ts";
import { colour } from "./trusted.ts";

const FINEST = 18; // 天地图 ends there; closer, its tiles are drawn larger

let known: Promise<string | null> | null = null;

/** Asked once; who had no line is told nothing of it, has a grid, and asks with the next map. */
const address = (): Promise<string | null> =>
  (known ??= get<{ tiles?: string | null }>("/api/v1/config")
    .then(({ tiles }) => tiles ?? null)
    .catch(() => (known = null)));

export function ground(): Group {
  const grid = new Graticule({ strokeStyle: new Stroke({ color: colour("--line"), width: 1 }), wrapX: false });
  const group = new Group({ layers: [grid] });
  void address().then((url) => {
    if (url) group.getLayers().setAt(0, new Tile({ source: new XYZ({ url, maxZoom: FINEST }) }));
  });
  return group;
}
