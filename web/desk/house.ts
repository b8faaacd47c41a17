/** The house's API as the desk uses it: one session, refusals as values, writes that may be repeated. */

import { signal } from "@preact/signals";

import type { components } from "../sync/api.ts";
import { uuid7 } from "../sync/ids.ts";
import { language, say } from "./words.ts";

/** What the description leaves open is there: the server sends every field of an answer. */
export type Whole<T> = T extends (infer U)[]
  ? Whole<U>[]
  : T extends object
    ? { [K in keyof T]-?: Whole<T[K]> }
    : T;
type Schemas = components["schemas"];
export type Said<Name extends keyof Schemas> = Whole<Schemas[Name]>;

export type User = Said<"User">;
interface Session {
  access_token: string;
  user: User;
}

const SESSION = "xunjian.session";
const DEVICE = "xunjian.device";
const FLOW = "xunjian.flow";
const TRIES = 4; // about nine seconds of trying before a person is asked

const session = signal<Session | null>(JSON.parse(sessionStorage.getItem(SESSION) ?? "null") as Session | null);
export const me = (): User | null => session.value?.user ?? null;
export const token = (): string => session.value?.access_token ?? "";
/** Why the person stands before the door again, if a session has ended under their hands. */
export const lapsed = signal<Problem | null>(null);

/** Whether the person holds one of the roles, in `dossier` or anywhere. */
export const holds = (roles: readonly string[], dossier?: string): boolean =>
  (me()?.posts ?? []).some((post) => roles.includes(post.role) && (dossier === undefined || post.dossier === dossier));

/** A refusal as the server words it (RFC 9457); status 0 where no answer came. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly detail: string;
  readonly details: Record<string, unknown>;
  readonly request: string;
  /** Seconds that the server asks for (Retry-After). */
  readonly wait: number;

  constructor(status: number, body: Partial<Schemas["Problem"]> = {}, wait = 0) {
    super(body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.remedy = status ? (body.remedy ?? "retry") : "network";
    this.detail = body.detail ?? "";
    this.details = body.details ?? {};
    this.request = body.request_id ?? "";
    this.wait = wait;
  }

  /** Whether nobody knows if it arrived: the same may be sent again. */
  get unsure(): boolean {
    return ["network", "retry"].includes(this.remedy);
  }
}

interface Asking {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** One request. Throws Problem, or AbortError where `signal` says so. */
export async function send(path: string, { method = "GET", body, headers = {}, signal }: Asking = {}): Promise<Response> {
  const said: Record<string, string> = { ...headers, "Accept-Language": language.value };
  if (session.value) said.Authorization = `Bearer ${session.value.access_token}`;
  const packed = body === undefined || body instanceof Blob ? (body ?? null) : JSON.stringify(body);
  if (typeof packed === "string") said["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers: said, signal: signal ?? null, body: packed });
  } catch (wrong) {
    if (signal?.aborted) throw wrong;
    throw new Problem(0);
  }
  if (answer.ok || answer.status === 304) return answer;
  const told = (await answer.json().catch(() => ({}))) as Partial<Schemas["Problem"]>;
  const problem = new Problem(answer.status, told, Number(answer.headers.get("Retry-After")) || 0);
  if (problem.status === 401 && session.value) {
    forget();
    lapsed.value = problem;
  }
  throw problem;
}

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await send(path, { signal })).json() as Promise<T>;
export const post = async <T>(path: string, body: unknown): Promise<T> =>
  (await send(path, { method: "POST", body })).json() as Promise<T>;
export const put = async <T>(path: string, body: unknown): Promise<T> =>
  (await send(path, { method: "PUT", body })).json() as Promise<T>;
export const remove = (path: string): Promise<Response> => send(path, { method: "DELETE" });

/** A file as a blob: URL; whoever asks revokes it. */
export const file = async (path: string, signal?: AbortSignal): Promise<string> =>
  URL.createObjectURL(await (await send(path, { signal })).blob());

/** Each tab is a device: what one tab wrote, the other has not seen, and a merge must know it. */
function device(): string {
  const known = sessionStorage.getItem(DEVICE) ?? `desk-${uuid7().slice(-12)}`;
  sessionStorage.setItem(DEVICE, known);
  return known;
}

/** To the authority's provider; the browser comes back with its answer in the address. Throws Problem. */
export async function goToProvider(): Promise<void> {
  const answer = await send("/api/v1/session/openid", { method: "POST" });
  const { address, flow } = (await answer.json()) as Said<"Journey">;
  sessionStorage.setItem(FLOW, flow); // only this tab knows it: an answer that was sent to another opens nothing
  location.assign(address);
}

/** What the provider has sent this browser back with; it stands in the address, and in no history. */
export function fromProvider(): Record<string, string> | null {
  const said = Object.fromEntries(new URLSearchParams(location.search));
  if (!said.state) return null;
  history.replaceState(null, "", location.pathname + location.hash);
  return said;
}

/** The session of whom the provider names. Throws Problem. */
export async function comeBack({ state, code, iss, error }: Record<string, string>): Promise<void> {
  const flow = sessionStorage.getItem(FLOW);
  sessionStorage.removeItem(FLOW);
  if (!code || !flow) throw new Problem(401, { code: "openid-refused", title: say("openidNot"), detail: error ?? "", remedy: "repair" });
  const body = { state, code, flow, device: device(), ...(iss && { iss }) };
  take((await (await send("/api/v1/session/openid/return", { method: "POST", body })).json()) as Session);
}

/** `code`: the second factor, of who has one. Throws Problem; its code says what is lacking. */
export async function signIn(username: string, password: string, code = ""): Promise<void> {
  session.value = null;
  const body = { username, password, device: device(), ...(code && { code }) };
  const answer = await send("/api/v1/session", { method: "POST", body });
  take((await answer.json()) as Session);
}

function take(told: Session): void {
  sessionStorage.setItem(SESSION, JSON.stringify(told));
  lapsed.value = null;
  session.value = told;
}

export function signOut(): void {
  if (session.value) send("/api/v1/session", { method: "DELETE" }).catch(() => undefined); // it expires by itself
  sessionStorage.removeItem(SESSION);
  location.hash = "#/";
  location.reload(); // nothing of the person stays in memory
}

function forget(): void {
  session.value = null;
  sessionStorage.removeItem(SESSION);
}

/** Send until there is an answer; only for what may arrive twice. */
export async function patiently<T>(path: string, asking: Asking): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    let wait = 2 ** (tried - 1);
    try {
      return (await (await send(path, asking)).json()) as T;
    } catch (wrong) {
      if (!(wrong instanceof Problem) || tried === TRIES || ![0, 429, 502, 503, 504].includes(wrong.status)) throw wrong;
      wait = Math.max(wait, wrong.wait);
    }
    // Never all desks at once after an outage.
    await new Promise((resolve) => setTimeout(resolve, wait * (1000 + 500 * Math.random())));
  }
}
