// @ts-check
/// <reference lib="webworker" />
// The phone's pages without a line: every file of this version is kept when it is installed, and it
// takes over when the person says so (or when no page of an older version is open any more).
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const VERSION = "__VERSION__";
const FILES = /** @type {string[]} */ (/** @type {unknown} */ ("__FILES__"));
const KEPT = `phone-${VERSION}`;

worker.addEventListener("install", (event) => {
  // Past the browser's own cache: a file of an older version must not slip in under this one's name.
  const all = FILES.map((name) => new Request(name, { cache: "reload" }));
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(all)));
});
worker.addEventListener("activate", (event) => {
  const drop = (/** @type {string[]} */ names) =>
    names.filter((name) => name !== KEPT).map((name) => caches.delete(name));
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(drop(names)))
      .then(() => worker.clients.claim()),
  );
});
worker.addEventListener("message", (event) => {
  if (event.data === "take-over") void worker.skipWaiting();
});
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET" || !url.startsWith(worker.registration.scope)) return; // the API is never cached
  const wanted = mode === "navigate" ? worker.registration.scope : event.request;
  event.respondWith(
    caches.match(wanted, { cacheName: KEPT, ignoreVary: true }).then((kept) => kept ?? fetch(event.request)),
  );
});
