/** The district as points: sites that lie close together are one, with the sum of their issues. */

import "ol/ol.css";

import Feature from "ol/Feature.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import { boundingExtent, type Extent } from "ol/extent.js";
import Point from "ol/geom/Point.js";
import { fromLonLat } from "ol/proj.js";
import Cluster from "ol/source/Cluster.js";
import VectorSource from "ol/source/Vector.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import View from "ol/View.js";

import { controls } from "./controls.ts";
import { ground } from "./ground.ts";
import { colour } from "./trusted.ts";

export interface Site {
  dossier: string;
  name: string;
  lon_e7: number;
  lat_e7: number;
  total: number;
  overdue: number;
}

const NEAR_PX = 46;
const SMALLEST_PX = 15;
const LARGEST_PX = 34;
const CLOSEST = 17;

const membersOf = (feature: Feature): Feature[] => feature.get("features") as Feature[];
const siteOf = (feature: Feature): Site => feature.get("site") as Site;

function styled(feature: Feature): Style {
  const sites = membersOf(feature).map(siteOf);
  const total = sites.reduce((sum, site) => sum + site.total, 0);
  const late = sites.some((site) => site.overdue > 0);
  const radius = Math.min(LARGEST_PX, SMALLEST_PX + Math.sqrt(total) * 3);
  return new Style({
    image: new CircleStyle({
      radius,
      fill: new Fill({ color: colour(late ? "--red" : "--accent") }),
      stroke: new Stroke({ color: colour("--sheet"), width: 2 }),
    }),
    text: new Text({
      text: String(total),
      font: "600 14px sans-serif",
      fill: new Fill({ color: colour("--accent-ink") }),
    }),
  });
}

/** Sites' names stand under their points, in ink that reads on the ground. */
function label(feature: Feature): Style | undefined {
  const [first, second] = membersOf(feature).map(siteOf);
  if (!first || second) return undefined;
  const fill = new Fill({ color: colour("--ink") });
  const stroke = new Stroke({ color: colour("--ground"), width: 3 });
  const text = first.name.length > 14 ? `${first.name.slice(0, 13)}…` : first.name;
  return new Style({ text: new Text({ text, font: "12px sans-serif", offsetY: 34, fill, stroke }) });
}

/** Draw the sites into `target`; `onPick` is told of the one that is pressed. Answers how to take it down. */
export function draw(target: HTMLElement, sites: readonly Site[], onPick: (site: Site) => void): () => void {
  const features = sites.map((site) => {
    const feature = new Feature(new Point(fromLonLat([site.lon_e7 / 1e7, site.lat_e7 / 1e7])));
    feature.set("site", site);
    return feature;
  });
  const source = new Cluster({ distance: NEAR_PX, source: new VectorSource({ features }) });
  const layer = new VectorLayer({
    source,
    style: (feature) => [styled(feature as Feature), label(feature as Feature)].filter((style) => style !== undefined),
  });
  const view = new View({ center: fromLonLat([116.46, 39.99]), zoom: 11, maxZoom: CLOSEST, enableRotation: false });
  const map = new OpenLayersMap({ target, controls: controls(), layers: [ground(), layer], view });
  const around = (extent: Extent): void => view.fit(extent, { padding: [60, 90, 60, 90], maxZoom: 15 });
  const spread = (list: readonly Feature[]): Extent => boundingExtent(list.map((one) => (one.getGeometry() as Point).getCoordinates()));
  if (features.length) around(spread(features));
  // By distance, not by reading pixels back: a gloved finger need not hit the point itself.
  map.on("click", ({ coordinate, pixel }) => {
    const near = source.getClosestFeatureToCoordinate(coordinate) as Feature | null;
    const [x, y] = near ? map.getPixelFromCoordinate((near.getGeometry() as Point).getCoordinates()) : [];
    if (!near || x === undefined || y === undefined) return;
    if (Math.hypot(x - (pixel[0] ?? 0), y - (pixel[1] ?? 0)) > LARGEST_PX) return;
    const members = membersOf(near);
    const [only] = members;
    if (members.length === 1 && only) onPick(siteOf(only));
    else around(spread(members));
  });
  return () => map.setTarget(undefined);
}
