// The entry on the screen. Stops are its fields and people, in reading order; one is active. It knows what has been looked at:
// a stop is seen once it was on the screen, and doubtful fields and undecided people count as looked at only after they were active.
const FULLY = 0.9;          // share of a stop that must be on the screen for it to have been seen

export class Entry {
  constructor(root, viewer, loupe, words) {
    Object.assign(this, { root, viewer, loupe, words, active: null, agreed: {}, acknowledged: false, seen: new Set(), visited: new Set(), opened: Date.now() });
    this.id = Number(root.dataset.entry);
    this.editable = Boolean(root.dataset.editable);
    this.stops = [...root.querySelectorAll("[data-stop]")];
    this.pages = root.dataset.pages.split(" ").map(Number);
    const sights = new Map(this.stops.map((s) => [sight(s), s]));
    this.watch = new IntersectionObserver((found) => found.forEach((f) => { if (f.isIntersecting) this.seen.add(sights.get(f.target)); }), { threshold: FULLY });
    for (const element of sights.keys()) this.watch.observe(element);
  }

  $(id) { return this.root.querySelector(`#${id}`); }
  leave() { this.watch.disconnect(); }

  get links() { return this.stops.filter((s) => s.dataset.role); }
  fieldOf(stop) { return stop && stop.dataset.role ? this.root.querySelector(`.field[data-code="${stop.dataset.nameCode}"]`) : stop; }
  undecided(stop) { return stop.dataset.role && stop.dataset.state === "review" && !(stop.dataset.role in this.agreed); }

  // What must be looked at one by one, and has not been.
  get left() { return this.stops.filter((s) => (s.dataset.role ? this.undecided(s) : s.classList.contains("doubtful")) && !this.visited.has(s)); }
  get unseen() { return this.stops.filter((s) => !this.seen.has(s)); }

  start() {
    const doubt = this.stops.find((s) => (s.dataset.role ? s.dataset.state === "review" : s.classList.contains("doubtful"))) || this.stops.find(needsLook);
    this.activate(doubt || this.stops[0]);
  }

  activate(stop, { focus = true, top = false } = {}) {
    if (!stop) return;
    this.stops.forEach((s) => s.classList.toggle("active", s === stop));
    this.active = stop;
    if (this.editable) this.visited.add(stop);
    const field = this.fieldOf(stop), box = boxOf(field);
    this.viewer.mark([...this.marks(field), { box: boxFrom(this.root.dataset.row), kind: "row" }]);
    this.viewer.goTo(box);
    this.$("crop").hidden = !box;
    this.$("no-crop").hidden = Boolean(box);
    this.enlarge(box);
    this.$("problem").hidden = true;
    this.$("loupe-label").textContent = field ? field.dataset.full : "";
    this.$("value").value = field ? textOf(field) : "";
    this.$("loupe-note").textContent = field ? this.note(field) : "";
    if (focus) { stop.focus({ preventScroll: true }); stop.scrollIntoView({ block: top ? "start" : "nearest" }); }
  }

  marks(active) {
    return this.stops.filter((s) => s.dataset.code && s.dataset.box).map((s) => ({ box: boxOf(s), kind: s === active ? "active" : ["doubtful", "unsure"].find((c) => s.classList.contains(c)) || "plain" }));
  }

  // Once the viewer knows where the page's tiles are.
  async enlarge(box) {
    const stop = this.active, pages = await this.viewer.loading;
    if (box && pages && pages.length && this.active === stop && this.root.isConnected) this.loupe.draw(this.$("crop"), pages[0], box);
  }

  note(field) {
    const say = this.words, kind = field.classList;
    const sure = kind.contains("waiting") ? say.unsent_short : kind.contains("person") ? say.person : kind.contains("missing") ? say.missing : kind.contains("settled") ? "" : kind.contains("empty") ? say.empty : fill(say.sure, { p: field.dataset.percent });
    const raw = field.dataset.raw ? [fill(say.raw, { text: field.dataset.raw })] : [];
    const why = field.dataset.why && !kind.contains("person") ? [fill(say.why, { text: field.dataset.why })] : [];
    return [sure, ...raw, ...why].filter(Boolean).join(" · ");
  }

  move(step) { this.activate(this.stops[Math.min(Math.max(this.stops.indexOf(this.active) + step, 0), this.stops.length - 1)]); }

  nextDoubt() {
    const from = this.stops.indexOf(this.active), round = [...this.stops.slice(from + 1), ...this.stops.slice(0, from + 1)];
    this.activate(round.find((s) => needsLook(s) && !(s.dataset.role in this.agreed)) || this.stops[Math.min(from + 1, this.stops.length - 1)]);
  }

  // Say that the person shown first is the right one; sent when the entry is accepted.
  agree(stop) {
    this.agreed[stop.dataset.role] = stop.dataset.proposed;
    this.choose(stop, stop.querySelector(`.candidate[data-id="${stop.dataset.proposed}"]`), this.words.chosen, false);
  }

  // A row of candidates is (or will be) the answer.
  choose(stop, row, said, decided = true) {
    stop.querySelectorAll(".candidate").forEach((r) => r.classList.toggle("chosen", r === row));
    if (decided) { stop.dataset.state = "decided"; delete this.agreed[stop.dataset.role]; }
    stop.classList.remove("review", "accept", "none");
    stop.classList.add("decided");
    stop.querySelector(".by-enter")?.remove();
    const tag = stop.querySelector(".tag");
    tag.className = "tag decided";
    tag.textContent = said;
  }

  // The field as the server keeps it (or will, while it is under way).
  write(field, text, shown, waiting) {
    field.dataset.shown = shown;
    field.dataset.raw = "";
    field.dataset.percent = "100";
    field.dataset.value = field.dataset.choices ? text : shown;
    field.classList.remove("sure", "unsure", "doubtful", "missing");
    field.classList.add("person");
    field.classList.toggle("waiting", waiting);
    field.querySelector(".value").textContent = textOf(field);
    const mark = field.querySelector(".mark");
    mark.className = "mark person";
    mark.firstElementChild.textContent = waiting ? "…" : "✓";
    this.acknowledged = false;
  }

  renewFindings(findings) {
    const list = this.root.querySelector(".findings"), messages = new Set(findings.map((f) => f.message));
    this.root.dataset.contradictions = findings.filter((f) => f.severity === "hard").length;
    list?.querySelectorAll("li").forEach((item) => { if (!messages.has(item.querySelector("span").textContent)) item.remove(); });
  }

  refuse(message) { const box = this.$("refused"); box.textContent = message; box.hidden = false; }
}

// What of a stop has to be on the screen: all of a field; of a person's table the first candidate.
function sight(stop) { return stop.dataset.role ? stop.querySelector("tr.candidate") || stop.querySelector("h2") : stop; }
export const needsLook = (s) => (s.dataset.role ? s.dataset.state === "review" : ["doubtful", "missing", "unsure"].some((c) => s.classList.contains(c)));
export const fill = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
export function textOf(field) {
  if (!field.dataset.choices) return field.dataset.shown;
  const found = JSON.parse(field.dataset.choices).find(([value]) => value === field.dataset.value);
  return found ? found[1] : field.dataset.shown;
}
function boxFrom(said) {
  if (!said) return null;
  const [x, y, width, height] = said.split(" ").map(Number);
  return { x, y, width, height };
}
const boxOf = (field) => (field ? boxFrom(field.dataset.box) : null);
