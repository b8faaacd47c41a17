/** The phone begins: who was at work goes on, and the pages are kept for when there is no line. */

import { render } from "preact";

import { App } from "./app.tsx";
import { leaving, unreported } from "./device.ts";
import { reenter } from "./house.ts";
import { openRooms } from "./later.ts";
import { tell } from "./live.ts";
import { register } from "./worker.ts";

addEventListener("unhandledrejection", (event) => tell(event.reason));
// A wipe that was cut off goes on before anything of it is shown again.
if (unreported.value) leaving().then(({ finish }) => finish(), tell);
else reenter();
const root = document.getElementById("app");
if (root) render(<App />, root);
openRooms();
register().catch(tell);
