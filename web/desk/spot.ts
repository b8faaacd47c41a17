/** One place on a small map: the issue with what its position is worth, and the site's registered point. */

import "ol/ol.css";

import Control from "ol/control/Control.js";
import { buffer, boundingExtent } from "ol/extent.js";
import Feature from "ol/Feature.js";
import Circle from "ol/geom/Circle.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import { fromLonLat, getPointResolution } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import RegularShape from "ol/style/RegularShape.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import View from "ol/View.js";

import type { Place } from "../drawing/places.ts";
import { controls } from "./controls.ts";
import { ground } from "./ground.ts";
import { colour } from "./trusted.ts";

const AROUND_M = 40; // so much ground is shown beside what lies outermost
const CLOSEST = 21;
const SCALES_M = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];
const LEAST_PX = 60;

interface Showing {
  place: Place;
  accuracy_m: number;
  site: Place | null;
  name: string;
}

const at = ({ lon_e7, lat_e7 }: Place): number[] => fromLonLat([lon_e7 / 1e7, lat_e7 / 1e7]);

/** Draw it into `target`. Answers how to take it down. */
export function draw(target: HTMLElement, { place, accuracy_m, site, name }: Showing): () => void {
  const middle = at(place);
  const metre = 1 / getPointResolution("EPSG:3857", 1, middle); // units of the map to a metre on the ground here
  const features = [...(site ? [registered(site, name)] : []), ...issue(middle, accuracy_m * metre)];
  const bar = document.createElement("div");
  bar.className = "scalebar";
  const view = new View({ center: middle, zoom: 18, maxZoom: CLOSEST, enableRotation: false });
  const map = new OpenLayersMap({
    target,
    controls: controls().extend([new Control({ element: bar })]),
    layers: [
      ground(),
      new VectorLayer({ source: new VectorSource({ features }) }),
    ],
    view,
  });
  const extent = boundingExtent([middle, ...(site ? [at(site)] : [])]);
  view.fit(buffer(extent, (AROUND_M + accuracy_m) * metre), { padding: [24, 24, 24, 24], maxZoom: CLOSEST });
  // OpenLayers' own scale writes HTML, which this page allows to nobody.
  const measured = (): void => {
    const px = metre / (view.getResolution() ?? 1); // on the screen, to a metre on the ground
    const told = SCALES_M.find((metres) => metres * px >= LEAST_PX) ?? 0;
    bar.textContent = `${told} m`;
    bar.style.width = `${told * px}px`;
  };
  view.on("change:resolution", measured);
  measured();
  return () => map.setTarget(undefined);
}

/** A pin, within the ring in which the phone believed itself. */
function issue(middle: number[], radius: number): Feature[] {
  const pin = new Feature(new Point(middle));
  const edge = new Stroke({ color: colour("--sheet"), width: 2 });
  pin.setStyle(new Style({ image: new CircleStyle({ radius: 9, fill: new Fill({ color: colour("--red") }), stroke: edge }) }));
  if (!radius) return [pin];
  const ring = new Feature(new Circle(middle, radius));
  ring.setStyle(new Style({ stroke: new Stroke({ color: colour("--red"), width: 1.5, lineDash: [5, 4] }) }));
  return [ring, pin];
}

function registered(site: Place, name: string): Feature {
  const point = new Feature(new Point(at(site)));
  const image = new RegularShape({ points: 4, radius: 10, angle: Math.PI / 4, stroke: new Stroke({ color: colour("--accent"), width: 2.5 }) });
  const fill = new Fill({ color: colour("--ink") });
  const stroke = new Stroke({ color: colour("--ground"), width: 3 });
  const text = name.length > 14 ? `${name.slice(0, 13)}…` : name;
  point.setStyle(new Style({ image, text: new Text({ text, font: "12px sans-serif", offsetY: 24, fill, stroke }) }));
  return point;
}
