// The house's API as this page uses it: one session, problems as errors, changes that may be repeated.

import { language } from "./words.js";

const TRIES = 4; // about nine seconds of trying before a person is asked
const DEVICE = "xunjian.device";
let session = JSON.parse(sessionStorage.getItem("xunjian.session") ?? "null");

export const whoami = () => session?.user ?? null;

/** A refusal as the server words it (RFC 9457); status 0 where no answer came. */
export class Problem extends Error {
  constructor(status, body = {}, wait = 0) {
    super(body.title ?? `HTTP ${status}`);
    Object.assign(this, { status, code: body.code, title: body.title, detail: body.detail });
    Object.assign(this, { details: body.details ?? {}, request: body.request_id });
    this.wait = wait; // seconds that the server asks for (Retry-After)
    this.remedy = status ? (body.remedy ?? "retry") : "network";
  }
}

async function send(path, { method = "GET", body, headers = {}, signal } = {}) {
  const said = { ...headers, "Accept-Language": language() };
  if (session) said.Authorization = `Bearer ${session.access_token}`;
  if (body) said["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers: said, signal, body: body && JSON.stringify(body) });
  } catch (wrong) {
    if (wrong.name === "AbortError") throw wrong;
    throw new Problem(0);
  }
  if (answer.ok) return answer;
  const wait = Number(answer.headers.get("Retry-After")) || 0;
  throw new Problem(answer.status, await answer.json().catch(() => ({})), wait);
}

export const get = async (path, signal) => (await send(path, { signal })).json();
export const post = async (path, body) => (await send(path, { method: "POST", body })).json();
export const put = async (path, body) => (await send(path, { method: "PUT", body })).json();
export const remove = (path) => send(path, { method: "DELETE" });

/** The bytes of a photograph as a blob: URL; whoever asks revokes it. */
export const picture = async (path, signal) =>
  URL.createObjectURL(await (await send(path, { signal })).blob());

export async function signIn(username, password) {
  session = null;
  // Each tab is a device: what one tab wrote, the other has not seen, and a merge must know it.
  const device = sessionStorage.getItem(DEVICE) ?? `desk-${uuid7().slice(-12)}`;
  sessionStorage.setItem(DEVICE, device);
  const answer = await send("/api/v1/session", { method: "POST", body: { username, password, device } });
  session = await answer.json();
  sessionStorage.setItem("xunjian.session", JSON.stringify(session));
}

export function signOut() {
  if (session) send("/api/v1/session", { method: "DELETE" }).catch(() => {}); // it expires by itself
  forget();
}

export function forget() {
  session = null;
  sessionStorage.removeItem("xunjian.session");
}

/** A step of an issue, frozen at the press of the button: each repetition has the same bytes. */
export function step(issue, verb, note, said = {}) {
  const fields = { state: { do: verb }, ...said };
  if (note) fields.notes = { append: [{ id: uuid7(), text: note }] };
  const body = { fields, change: uuid7(), at: new Date().toISOString() };
  return Object.freeze({ id: issue.id, dossier: issue.dossier, version: issue.version, verb, body });
}

/** Bring a step in, patiently; answers `{outcome, issue}`. */
export async function submit({ id, dossier, version, body }) {
  const request = { method: "PATCH", headers: { "If-Match": `"${version}"` }, body };
  for (let tried = 1; ; tried += 1) {
    let wait = 2 ** (tried - 1);
    try {
      return await (await send(`/api/v1/issues/${id}?dossier=${encodeURIComponent(dossier)}`, request)).json();
    } catch (wrong) {
      if (tried === TRIES || ![0, 429, 502, 503, 504].includes(wrong.status)) throw wrong;
      wait = Math.max(wait, wrong.wait);
    }
    // Never all desks at once after an outage.
    await new Promise((resolve) => setTimeout(resolve, wait * (1000 + 500 * Math.random())));
  }
}

/** RFC 9562 version 7. Not crypto.randomUUID: that one is missing where the page came by plain HTTP. */
export function uuid7() {
  const time = Date.now().toString(16).padStart(12, "0");
  const noise = crypto.getRandomValues(new Uint8Array(10));
  noise[0] = (noise[0] & 0x0f) | 0x70;
  noise[2] = (noise[2] & 0x3f) | 0x80;
  const rest = Array.from(noise, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return (time + rest).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
