// What waits to be sent, kept by this browser (IndexedDB) until the server's receipt is here: jobs, their files' facts, and the files.
"use strict";
const Store = (() => {
  const DRAFT = 0;                      // files chosen and not yet handed over have no job
  const REMEMBERED = 20;                // finished jobs
  const opened = new Promise((done, fail) => {
    const request = indexedDB.open("sogoc-upload", 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("jobs", { keyPath: "id", autoIncrement: true });
      db.createObjectStore("files", { keyPath: "id", autoIncrement: true }).createIndex("job", ["owner", "job"]);
      db.createObjectStore("blobs");
      db.createObjectStore("meta");
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  const value = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });
  // All of `work` or nothing; on the disk when this is done.
  async function all(mode, work) {
    const db = await opened, deed = db.transaction(["jobs", "files", "blobs", "meta"], mode, { durability: "strict" });
    const ended = new Promise((done, fail) => { deed.oncomplete = done; deed.onerror = deed.onabort = () => fail(deed.error || new Error("aborted")); });
    const store = (name) => deed.objectStore(name);
    let answer;
    try { answer = await work(store); } catch (problem) { try { deed.abort(); } catch (over) { /* ended by itself */ } ended.catch(() => {}); throw problem; }
    await ended;
    return answer;
  }
  const filesIn = (store, owner, job) => value(store("files").index("job").getAll([owner, job]));
  const drop = (store, file) => { store("files").delete(file.id); store("blobs").delete(file.id); };
  return {
    DRAFT,
    owner: () => all("readonly", (store) => value(store("meta").get("owner"))),
    // Files chosen before anybody was known (opened without a network for the first time) become this person's.
    setOwner: (owner) => all("readwrite", async (store) => {
      store("meta").put(owner, "owner");
      for (const file of await filesIn(store, "", DRAFT)) store("files").put({ ...file, owner });
      for (const job of await value(store("jobs").getAll())) {
        if (job.owner !== "") continue;
        store("jobs").put({ ...job, owner });
        for (const file of await filesIn(store, "", job.id)) store("files").put({ ...file, owner });
      }
    }),
    // named: [name, file] pairs; all of them or none.
    add: (owner, named) => all("readwrite", async (store) => {
      for (const [name, blob] of named) {
        store("blobs").put(blob, await value(store("files").add({ owner, job: DRAFT, name, size: blob.size })));
      }
    }),
    remove: (file) => all("readwrite", (store) => drop(store, file)),
    files: (owner, job) => all("readonly", (store) => filesIn(store, owner, job)),
    blob: (id) => all("readonly", (store) => value(store("blobs").get(id))),
    jobs: () => all("readonly", (store) => value(store("jobs").getAll())),
    job: (id) => all("readonly", (store) => value(store("jobs").get(id))),
    // Hand the chosen files over: into the waiting job of that book, else a new one. A page of the same name takes the place of the older one.
    queue: (owner, about) => all("readwrite", async (store) => {
      const waiting = (await value(store("jobs").getAll())).find((j) => j.owner === owner && j.state === "waiting" && j.about.name === about.name);
      const job = waiting ? { ...waiting, about, revision: waiting.revision + 1 } : { owner, about, state: "waiting", revision: 0, created: Date.now() };
      const id = await value(store("jobs").put(job));
      const draft = await filesIn(store, owner, DRAFT), names = new Set(draft.map((f) => f.name));
      for (const old of await filesIn(store, owner, id)) if (names.has(old.name)) drop(store, old);
      for (const file of draft) store("files").put({ ...file, job: id });
      return id;
    }),
    facts: (id, known) => all("readwrite", async (store) => {
      const file = await value(store("files").get(id));
      if (file) store("files").put({ ...file, ...known });
    }),
    // changes: of the job; nothing happens, and false is said, if it is no longer the one of this revision.
    change: (id, revision, changes) => all("readwrite", async (store) => {
      const job = await value(store("jobs").get(id));
      if (!job || job.revision !== revision) return false;
      if (changes.state !== "done") { store("jobs").put({ ...job, ...changes }); return true; }
      const files = await filesIn(store, job.owner, id), aside = new Set(changes.refused.map((r) => r.file));
      const notes = files.filter((f) => f.verdict && f.verdict.message && !aside.has(f.name)).map((f) => ({ file: f.name, ...f.verdict }));
      store("jobs").put({ ...job, ...changes, notes });
      for (const file of files) drop(store, file);
      const over = (await value(store("jobs").getAll())).filter((j) => j.state === "done" && j.id !== id);
      for (const old of over.slice(0, Math.max(0, over.length + 1 - REMEMBERED))) store("jobs").delete(old.id);
      return true;
    }),
    forget: (id) => all("readwrite", async (store) => {
      const job = await value(store("jobs").get(id));
      if (!job) return;
      for (const file of await filesIn(store, job.owner, id)) drop(store, file);
      store("jobs").delete(id);
    }),
  };
})();
