// The next entries, fetched before they are needed. An entry that was interrupted (undo, a refused decision) comes first, fetched anew.
export class Ahead {
  constructor(query) { Object.assign(this, { query, waiting: [], fetching: null, finished: false, forgotten: new Set() }); }

  get ids() { return this.waiting.map((w) => w.entry); }

  interrupt(entry) { this.drop(entry); this.waiting.unshift({ entry, html: null }); }
  drop(entry) { this.waiting = this.waiting.filter((w) => w.entry !== entry); }

  // Have one entry at hand; `after`: the one on the screen, `busy`: entries that must not come again now.
  fill(after, busy) {
    if (this.waiting.length || this.fetching) return this.fetching;
    const passed = [...new Set([after, ...busy])].slice(0, 40).map((id) => `&passed=${id}`).join("");
    this.fetching = fetch(`/review/ahead?${this.query}&after=${after}${passed}`, { headers: { Accept: "text/html" } }).then(async (answer) => {
      this.finished = answer.status === 204;
      if (answer.status !== 200 || answer.redirected) return;
      const html = await answer.text(), entry = Number(/data-entry="(\d+)"/.exec(html)[1]);
      this.waiting.push({ entry, html });
    }).catch(() => {}).finally(() => { this.fetching = null; });
    return this.fetching;
  }

  // The next entry's fragment, null if there is none or the server cannot be reached.
  async next(after, busy) {
    if (!this.waiting.length) await this.fill(after, busy);
    const next = this.waiting.shift();
    if (!next) return null;
    return next.html === null ? fetched(next.entry) : next.html;
  }
}

export async function fetched(entry) {
  const answer = await fetch(`/review/${entry}/fragment`, { headers: { Accept: "text/html" } }).catch(() => null);
  return answer && answer.ok && !answer.redirected ? answer.text() : null;
}
