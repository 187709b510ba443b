// Keeps the upload page with its scripts and fonts, so that it opens when the server cannot be reached. SHELL and KEPT are put before this text.
"use strict";
const CACHE = "sogoc-upload";
self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([SHELL, ...KEPT].map((url) => new Request(url, { cache: "reload" })));
    await self.skipWaiting();
  })());
});
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const kept = new Set([SHELL, ...KEPT].map((url) => new URL(url, location.origin).href));
    for (const request of await cache.keys()) if (!kept.has(request.url)) await cache.delete(request);
    await self.clients.claim();
  })());
});
async function page(request) {
  try {
    const answer = await Promise.race([fetch(request), new Promise((_, no) => { setTimeout(() => no(new Error("slow")), 20000); })]);
    if (![502, 503, 504].includes(answer.status)) return answer;        // a proxy in front of a server that is down
  } catch (away) { /* nobody there */ }
  return (await caches.match(SHELL)) || Response.error();
}
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === "/upload") event.respondWith(page(event.request));
  else if (KEPT.includes(url.pathname + url.search)) event.respondWith(caches.match(event.request).then((had) => had || fetch(event.request)));
});
