// A text is answered as it is typed; then, when the typing rests, why, and whether order matters.

const at = (id) => document.getElementById(id);
const view = at("try");
const { ask, bars, colour, filled, make, number } = await import(view.dataset.page);
const beside = Number(view.dataset.beside); // cells before the texts
const words = JSON.parse(view.dataset.words);
const costs = JSON.parse(view.dataset.costs);
const query = new URLSearchParams(location.search);
const REST = 250; // milliseconds without a key, after which it is asked why
let asked = 0;
let resting = null;

const fields = [...document.querySelectorAll(".field")];
const SIGN = "␞"; // between the texts of a row

// the row as it is read: its cells and texts, one after the other
const textNow = () => fields.map((field) => (fields.length > 1 ? field.value.replaceAll(SIGN, " ") : field.value)).join(` ${SIGN} `);
const isBlank = (text) => !text.replaceAll(SIGN, "").trim();

function put(text) {
  const parts = fields.length > 1 ? text.split(SIGN) : [text];
  fields.forEach((field, place) => { field.value = (fields.length > 1 ? parts[place]?.trim() : parts[place]) ?? ""; });
}

function showAnswer(said) {
  at("said").textContent = said.said || words.empty;
  if (said.label === null) { at("answer").replaceChildren(); return; }
  at("answer").replaceChildren(...bars(said.shares));
  view.dataset.score = said.score;
}

function showWhy(said) {
  at("why").textContent = said.said;
  const all = [...said.cells, ...said.tokens];
  const strongest = Math.max(...all.map(({ fall }) => Math.abs(fall)), 0);
  at("tokens").replaceChildren(...all.map((effect, place) => {
    const made = make("button", { type: "button", textContent: effect.token,
      title: `${words.without}: ${number(effect.fall)}`, onclick: () => leaveOut(said, place) });
    made.setAttribute("aria-label", `${filled(words.leave, { word: effect.token })}: ${number(effect.fall)}`);
    made.style.backgroundColor = colour(effect.fall, strongest, 0.6);
    return made;
  }));
  const parts = all.some(({ start }) => start !== null);
  const strong = [...all].sort((a, b) => Math.abs(b.fall) - Math.abs(a.fall)).slice(0, 8);
  const head = [words.token, words.without, ...(parts ? [words.rival, words.network] : [])];
  at("parts").replaceChildren(make("tr", {}, ...head.map((each, place) => make("th", { className: place ? "n" : "", textContent: each }))),
    ...strong.map(({ token: word, fall, start, added }) => make("tr", {}, make("td", { textContent: word }),
      ...[fall, ...(parts ? [start, added] : [])].map((value) => make("td", { className: "n", textContent: number(value) })))));
  showOrder(said);
}

// the row without a cell, or the text without one of its tokens, looked for one after the other, as in Python
function leaveOut({ cells, tokens }, place) {
  if (place < cells.length) { fields[place].value = ""; typed(); return; }
  const text = textNow();
  const begins = text.split(SIGN).slice(0, beside).reduce((sum, cell) => sum + cell.length + 1, 0);
  let [start, end] = [begins, begins];
  tokens.slice(0, place - cells.length + 1).forEach(({ token: word }) => {
    const found = text.indexOf(word, end);
    if (found >= 0) [start, end] = [found, found + word.length];
  });
  put(text.slice(0, start) + text.slice(end));
  typed();
}

function showOrder(said) {
  const all = [...said.swapped, ...said.shuffled];
  const most = Math.max(0, ...said.shuffled.map((score) => Math.abs(score - said.score)));
  at("order").textContent = said.words.length < 2 ? words.one
    : filled(most >= 0.1 ? words.matters : words.not, { most: number(most) });
  const line = (scores, name) => {
    const box = make("div", { className: "dots" });
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", `${name}: ${scores.map((score) => number(score, 2)).join(", ")}`);
    box.append(...scores.map((score) => dot(score, "")), dot(said.score, "as"));
    return [make("span", { className: "soft", textContent: name }), box];
  };
  const axis = make("div", { className: "axis soft" }, ...["0", `${words.score}: ${said.of}`, "1"].map((textContent) => make("span", { textContent })));
  at("orders").replaceChildren(...(all.length ? [...line(said.swapped, words.swapped), ...line(said.shuffled, words.shuffled), axis] : []));
}

function dot(score, kind) {
  const made = make("i", { className: kind, title: number(score) });
  made.style.left = `${100 * score}%`;
  return made;
}

const questioned = (what, text) => ask(`/try/${encodeURIComponent(view.dataset.name)}/${what}`, { text }, words.failed);

function typed() {
  clearTimeout(resting);
  const text = textNow();
  const mine = ++asked;
  query.set("text", text);
  history.replaceState(null, "", `?${query}`);
  at("memory").href = at("memory").href.replace(/[?#].*$/, "") + `?${new URLSearchParams({ row: text, ...(query.has("lang") ? { lang: query.get("lang") } : {}) })}`;
  const only = (show) => (said) => { if (mine === asked) show(said); };
  const told = (error) => { if (mine === asked) at("said").textContent = error.message; };
  if (isBlank(text)) { at("said").textContent = words.empty; at("answer").replaceChildren(); return; }
  questioned("say", text).then(only(showAnswer)).catch(told);
  resting = setTimeout(() => questioned("why", text).then(only((said) => { showWhy(said); view.dataset.ready = "yes"; })).catch(told), REST);
}

function showCosts() {
  const chosen = costs[Math.round(+at("threshold").value * (costs.length - 1))];
  const [threshold, found, missed, falsely, rest] = chosen;
  at("at").textContent = number(threshold);
  Object.entries({ found, missed, false: falsely, rest }).forEach(([name, count]) => { at(name).textContent = count.toLocaleString(); });
  const share = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : "–");
  at("rates").textContent = `${words.precision} ${share(found, found + falsely)} · ${words.recall} ${share(found, found + missed)}`;
}

fields.forEach((field) => { field.oninput = typed; });
at("held")?.addEventListener("change", () => { if (at("held").value) { put(at("held").value); typed(); } });
if (costs.length) {
  at("threshold").value = view.dataset.threshold || 0.5;
  at("threshold").oninput = showCosts;
  showCosts();
}
put(view.dataset.text);
typed();
