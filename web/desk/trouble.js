// What went wrong, in words, with what to do next.

import { Problem, forget } from "./house.js";
import { $, el } from "./parts.js";
import { say } from "./words.js";

/** What went wrong and what to do next; a lapsed session leads back to the door (desk.js). */
export function explain(where, wrong, again = null, hint = null) {
  if (wrong.name === "AbortError") return;
  if (!(wrong instanceof Problem)) throw wrong;
  if (wrong.status === 401 && wrong.code !== "wrong-password") {
    forget();
    dispatchEvent(new Event("lapsed"));
    where = $("#door .notice");
    again = null;
  }
  const title = wrong.status ? wrong.message : say("unreachable");
  const why = [wrong.detail, wrong.details.why, ...(wrong.details.faults ?? []).map((f) => `${f.field}: ${f.message}`)];
  const next = say(wrong.status === 401 ? "next-sign-in" : `next-${wrong.remedy}`) + (hint ?? "");
  const worth = again && ["network", "retry"].includes(wrong.remedy);
  where.replaceChildren(
    el("strong", {}, title),
    el("p", { className: "muted" }, [...new Set(why)].filter((w) => w && w !== title).join(" · ")),
    el("p", {}, next, wrong.request ? el("small", {}, ` ${say("requestId")} ${wrong.request.slice(0, 8)}`) : ""),
    worth ? el("button", { type: "button", onclick: again, textContent: say("again") }) : "",
  );
}
