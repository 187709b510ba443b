// The page picture: zoom, drag, go to a field's place. Boxes are shares (0..1) of the page.
"use strict";
class Sheet {
  constructor(view, sheet, image, boxes) {
    Object.assign(this, { view, sheet, image, boxes, scale: 1, x: 0, y: 0, box: null });
    this.ready = image.complete && image.naturalWidth ? Promise.resolve() : new Promise((done) => image.addEventListener("load", done, { once: true }));
    this.ready.then(() => this.fitPage());
    new ResizeObserver(() => { if (this.box) this.goTo(this.box); else this.fitPage(); }).observe(view);
    this.listen();
  }

  listen() {
    const view = this.view;
    view.addEventListener("wheel", (e) => {
      e.preventDefault();
      const at = view.getBoundingClientRect();
      this.zoom(Math.exp(-e.deltaY / 500), e.clientX - at.left, e.clientY - at.top);
    }, { passive: false });
    view.addEventListener("pointerdown", (e) => { this.drag = { x: e.clientX - this.x, y: e.clientY - this.y }; view.setPointerCapture(e.pointerId); view.classList.add("dragging"); });
    view.addEventListener("pointermove", (e) => { if (this.drag) this.place(this.scale, e.clientX - this.drag.x, e.clientY - this.drag.y); });
    for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, () => { this.drag = null; view.classList.remove("dragging"); });
  }

  place(scale, x, y) {
    const w = this.image.naturalWidth * scale, h = this.image.naturalHeight * scale, keep = 60;
    this.scale = scale;
    this.x = Math.min(Math.max(x, keep - w), this.view.clientWidth - keep);
    this.y = Math.min(Math.max(y, keep - h), this.view.clientHeight - keep);
    this.sheet.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  zoom(factor, cx = this.view.clientWidth / 2, cy = this.view.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, 0.08), 6), real = scale / this.scale;
    this.place(scale, cx - (cx - this.x) * real, cy - (cy - this.y) * real);
  }

  fitPage() {
    if (!this.image.naturalWidth) return;
    const scale = Math.min(this.view.clientWidth / this.image.naturalWidth, this.view.clientHeight / this.image.naturalHeight);
    this.place(scale, (this.view.clientWidth - this.image.naturalWidth * scale) / 2, (this.view.clientHeight - this.image.naturalHeight * scale) / 2);
  }

  async goTo(box) {
    this.box = box;         // where a change of the window's size leads back to
    await this.ready;
    if (!box) return;
    const w = this.image.naturalWidth, h = this.image.naturalHeight;
    const whole = this.view.clientWidth / w;
    const scale = Math.min(Math.max((this.view.clientWidth * 0.86) / (box.width * w), whole), whole * 1.9);
    const half = this.view.clientWidth / 2;
    let x = half - (box.x + box.width / 2) * w * scale;
    x = Math.min(Math.max(x, this.view.clientWidth - w * scale), 0);
    let y = this.view.clientHeight * 0.42 - (box.y + box.height / 2) * h * scale;
    if (h * scale > this.view.clientHeight) y = Math.min(Math.max(y, this.view.clientHeight - h * scale), 0);
    this.place(scale, x, y);
  }

  mark(fields, active) {
    this.boxes.replaceChildren(...fields.filter((f) => f.box).map((f) => {
      const piece = document.createElement("b");
      piece.className = f.code === active ? "active" : f.sureness;
      Object.assign(piece.style, { left: `${f.box.x * 100}%`, top: `${f.box.y * 100}%`, width: `${f.box.width * 100}%`, height: `${f.box.height * 100}%` });
      return piece;
    }));
  }
}
