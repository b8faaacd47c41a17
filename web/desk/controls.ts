/** The map's own buttons, in the page's language: closer and farther, and nothing that turns it round. */

import { defaults } from "ol/control/defaults.js";

import { say } from "./words.ts";

export const controls = (): ReturnType<typeof defaults> =>
  defaults({
    attribution: false, // nothing of somebody else's is shown
    rotate: false,
    zoomOptions: { zoomInTipLabel: say("zoomIn"), zoomOutTipLabel: say("zoomOut") },
  });
