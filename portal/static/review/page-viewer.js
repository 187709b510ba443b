// The page at full resolution (OpenSeadragon): go to a field's place, mark what is looked at, zoom, pan, turn, darken the ink.
// Boxes are shares (0..1) of the first page's width and height; a second page stands to its right.
const GAP = 1.02, INKS = 4;

export class PageViewer {
  constructor(element, missing) {
    Object.assign(this, { element, missing, follow: true, box: null, ink: 0, shown: "", pages: [], marks: [] });
    standInForStyle();
    this.osd = OpenSeadragon({
      element, drawer: "canvas", showNavigationControl: false, tabIndex: -1, animationTime: 0.25, springStiffness: 10, maxZoomPixelRatio: 3,
      minZoomImageRatio: 0.6, visibilityRatio: 0.3, imageLoaderLimit: 6, maxImageCacheCount: 120,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    });
    this.osd.addHandler("canvas-key", (event) => { event.preventDefaultAction = true; });    // the page has its own keys
    this.osd.addHandler("open", () => { this.opened = true; this.place(); element.dataset.shown = this.shown; });
    this.osd.addHandler("open-failed", () => this.fail());
    this.osd.addHandler("after-resize", () => setTimeout(() => this.settle()));       // it moves the picture itself after saying so
  }

  // Show these pages; the same ones stay as they are. Asking where the tiles are is the look that the log tells of.
  async open(pages) {
    const wanted = pages.join(" ");
    if (wanted === this.shown) { this.place(); return this.loading; }
    this.shown = wanted;
    this.opened = false;
    this.pages = [];
    delete this.element.dataset.shown;
    this.missing.hidden = true;
    this.loading = Promise.all(pages.map((page) => fetch(`/pages/${page}/tiles.json`, { headers: { Accept: "application/json" } }).then((a) => (a.ok ? a.json() : null)))).then((found) => {
      if (this.shown !== wanted) return [];
      if (!found.length || found.some((f) => !f)) { this.fail(); return []; }
      this.pages = found;
      this.osd.open(found.map((at, n) => ({ tileSource: tiles(at), x: n * GAP, y: 0, width: 1 })));
      return found;
    }).catch(() => { this.fail(); return []; });
    return this.loading;
  }

  fail() { this.opened = false; this.shown = ""; this.osd.close(); this.missing.hidden = false; }

  get ratio() { return this.pages.length ? this.pages[0].height / this.pages[0].width : 1; }

  rectangle(box) { return new OpenSeadragon.Rect(box.x, box.y * this.ratio, box.width, box.height * this.ratio); }

  mark(marks) { this.marks = marks.filter((m) => m.box); if (this.opened) this.draw(); }

  draw() {
    this.osd.clearOverlays();
    for (const { box, kind } of this.marks) {
      const element = document.createElement("b");
      element.className = `spot ${kind}`;
      this.osd.addOverlay({ element, location: this.rectangle(box) });
    }
  }

  place() {
    if (!this.opened) return;
    this.draw();
    this.settle();
  }

  settle() { if (this.follow && this.box) this.goTo(this.box, true); else this.fit(true); }

  goTo(box, at_once = false) {
    this.box = box;
    if (!this.follow || !box || !this.opened) return;
    const view = this.osd.viewport, tall = this.element.clientHeight / this.element.clientWidth;
    const width = 1 / Math.min(Math.max(0.86 / box.width, 1), 1.9), height = width * tall;
    const x = Math.min(Math.max(box.x + box.width / 2 - width / 2, 0), 1 - width);
    let y = (box.y + box.height / 2) * this.ratio - height * 0.42;
    if (this.ratio > height) y = Math.min(Math.max(y, 0), this.ratio - height);
    view.fitBounds(new OpenSeadragon.Rect(x, y, width, height), at_once);
  }

  fit(at_once = false) { if (this.opened) this.osd.viewport.goHome(at_once); }
  fitPage() { this.box = null; this.fit(); }
  zoom(factor) { if (this.opened) { this.osd.viewport.zoomBy(factor); this.osd.viewport.applyConstraints(); } }
  pan(x, y) {
    if (!this.opened) return;
    const view = this.osd.viewport, step = 0.2 / view.getZoom();
    view.panBy(new OpenSeadragon.Point(x * step, y * step));
    view.applyConstraints();
  }
  turn(degrees) { if (this.opened) this.osd.viewport.setRotation((this.osd.viewport.getRotation() + degrees + 360) % 360); }
  toggleFollow() { this.follow = !this.follow; if (this.follow) this.goTo(this.box); return this.follow; }
  darken() {
    this.ink = (this.ink + 1) % INKS;
    document.body.dataset.ink = this.ink;
    return this.ink;
  }
}

// OpenSeadragon adds a <style> of its own unless one is there, which the content security policy would refuse and report. What it would say
// stands in review.css; an element of that name in no HTML namespace is none, and is found all the same.
function standInForStyle() {
  const element = document.createElementNS("urn:sogoc", "style");
  element.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(element);
}

function tiles(at) {
  return {
    width: at.width, height: at.height, tileSize: at.tileSize, tileOverlap: at.overlap, minLevel: at.minLevel, maxLevel: at.maxLevel,
    getTileUrl: (level, x, y) => `${at.at}/${level}/${x}_${y}.jpg`,
  };
}
