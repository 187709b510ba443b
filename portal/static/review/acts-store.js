// Acts that the server has not answered yet, kept by the browser so that a lost line, a closed tab or a crash loses none. One store a person.
const NAME = "sogoc-review", STORE = "acts";

function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}
async function within(mode, job) {
  const database = await open();
  try {
    return await new Promise((done, failed) => {
      const work = database.transaction(STORE, mode), asked = job(work.objectStore(STORE));
      work.oncomplete = () => done(asked.result);
      work.onerror = work.onabort = () => failed(work.error);
    });
  } finally { database.close(); }
}
export const keep = (act) => within("readwrite", (store) => store.put(act));
export const forget = (id) => within("readwrite", (store) => store.delete(id));
export const keptFor = async (owner) => (await within("readonly", (store) => store.getAll())).filter((a) => a.owner === owner).sort((a, b) => a.order - b.order);
