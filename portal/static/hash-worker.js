// SHA-256 of a file and of each of its chunks. The browser's own where it offers it (only over HTTPS or on this machine), else the one below.
"use strict";
const WHOLE = 32 * 1024 * 1024;         // bytes: a bigger file is not taken into memory at once
const K = new Uint32Array(64), START = new Uint32Array(8);
(() => {                                // FIPS 180-4: fractional parts of the cube and square roots of the first primes
  const part = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  for (let n = 2, i = 0; i < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (prime) { if (i < 8) START[i] = part(Math.sqrt(n)); K[i] = part(Math.cbrt(n)); i += 1; }
  }
})();
class Sha256 {
  constructor() { this.h = START.slice(); this.w = new Uint32Array(64); this.rest = new Uint8Array(64); this.held = 0; this.size = 0; }
  block(data, at) {
    const { w, h } = this;
    for (let i = 0; i < 16; i += 1) { const j = at + 4 * i; w[i] = (data[j] << 24) | (data[j + 1] << 16) | (data[j + 2] << 8) | data[j + 3]; }
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3))
        + (((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, z] = h;
    for (let i = 0; i < 64; i += 1) {
      const t = (z + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      z = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += z;
  }
  update(data) {
    this.size += data.length;
    let at = 0;
    if (this.held) {
      const part = data.subarray(0, 64 - this.held);
      this.rest.set(part, this.held); this.held += part.length; at = part.length;
      if (this.held < 64) return;
      this.block(this.rest, 0); this.held = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.block(data, at);
    this.rest.set(data.subarray(at)); this.held = data.length - at;
  }
  hex() {
    const end = new Uint8Array((this.held < 56 ? 64 : 128) - this.held), bits = new DataView(end.buffer), length = this.size * 8;
    end[0] = 128;
    bits.setUint32(end.length - 8, Math.floor(length / 2 ** 32)); bits.setUint32(end.length - 4, length % 2 ** 32);
    this.update(end);
    return [...this.h].map((x) => x.toString(16).padStart(8, "0")).join("");
  }
}
const own = (bytes) => { const sum = new Sha256(); sum.update(bytes); return sum.hex(); };
async function digest(bytes) {
  if (!self.crypto || !self.crypto.subtle) return own(bytes);
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((x) => x.toString(16).padStart(2, "0")).join("");
}
async function facts(blob, chunkSize) {
  const chunks = [], small = blob.size <= WHOLE, all = small ? new Uint8Array(await blob.arrayBuffer()) : null, sum = new Sha256();
  for (let at = 0; at < blob.size; at += chunkSize) {
    const bytes = small ? all.subarray(at, at + chunkSize) : new Uint8Array(await blob.slice(at, at + chunkSize).arrayBuffer());
    chunks.push(await digest(bytes));
    if (!small) sum.update(bytes);
  }
  return { sha256: small ? await digest(all) : sum.hex(), chunks };
}
self.addEventListener("message", async ({ data }) => {
  try {
    self.postMessage({ id: data.id, ...(data.own ? { sha256: own(data.own) } : await facts(data.blob, data.chunkSize)) });
  } catch (problem) { self.postMessage({ id: data.id, problem: problem.name || String(problem) }); }
});
