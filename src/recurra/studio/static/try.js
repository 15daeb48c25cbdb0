// A text is answered as it is typed; then, when the typing rests, why, and whether order matters.

const at = (id) => document.getElementById(id);
const view = at("try");
const words = JSON.parse(view.dataset.words);
const costs = JSON.parse(view.dataset.costs);
const token = document.querySelector('meta[name="recurra-token"]').content;
const query = new URLSearchParams(location.search);
const REST = 250; // milliseconds without a key, after which it is asked why
let asked = 0;
let resting = null;

function make(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) made[key] = value;
  made.append(...inside);
  return made;
}

const number = (value, decimals = 3) => (Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value).toFixed(decimals).replace("-", "−");
const filled = (sentence, given) => sentence.replace(/\{(\w+)\}/g, (_, name) => given[name]);

async function ask(what, text) {
  const language = query.has("lang") ? `?lang=${query.get("lang")}` : "";
  const answer = await fetch(`/try/${encodeURIComponent(view.dataset.name)}/${what}${language}`, {
    method: "POST", body: JSON.stringify({ text }),
    headers: { "content-type": "application/json", "x-recurra-token": token },
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? words.failed);
  return said;
}

function showAnswer(said) {
  at("said").textContent = said.said || words.empty;
  if (said.label === null) { at("answer").replaceChildren(); return; }
  at("answer").replaceChildren(...Object.entries(said.shares).map(([name, share]) => {
    const bar = make("i");
    bar.style.width = `${100 * share}%`;
    return make("div", { className: "share" }, make("span", { textContent: name }),
      make("span", { className: "bar-of" }, bar), make("b", { textContent: number(share) }));
  }));
  view.dataset.score = said.score;
}

function tint(effect, strongest) {
  return `rgba(${effect >= 0 ? "14,116,168" : "200,80,18"},${(0.6 * Math.abs(effect)) / Math.max(strongest, 1e-9)})`;
}

function showWhy(said) {
  at("why").textContent = said.said;
  const strongest = Math.max(...said.tokens.map(({ fall }) => Math.abs(fall)), 0);
  at("tokens").replaceChildren(...said.tokens.map((effect, place) => {
    const made = make("button", { type: "button", textContent: effect.token,
      title: `${words.without}: ${number(effect.fall)}`, onclick: () => leaveOut(said.tokens, place) });
    made.setAttribute("aria-label", `${filled(words.leave, { word: effect.token })}: ${number(effect.fall)}`);
    made.style.backgroundColor = tint(effect.fall, strongest);
    return made;
  }));
  const parts = said.tokens.some(({ start }) => start !== null);
  const strong = [...said.tokens].sort((a, b) => Math.abs(b.fall) - Math.abs(a.fall)).slice(0, 8);
  const head = [words.token, words.without, ...(parts ? [words.rival, words.network] : [])];
  at("parts").replaceChildren(make("tr", {}, ...head.map((each, place) => make("th", { className: place ? "n" : "", textContent: each }))),
    ...strong.map(({ token: word, fall, start, added }) => make("tr", {}, make("td", { textContent: word }),
      ...[fall, ...(parts ? [start, added] : [])].map((value) => make("td", { className: "n", textContent: number(value) })))));
  showOrder(said);
}

// the text without one of its tokens, which are looked for one after the other, as in Python
function leaveOut(tokens, place) {
  const text = at("text").value;
  let [start, end] = [0, 0];
  tokens.slice(0, place + 1).forEach(({ token: word }) => {
    const found = text.indexOf(word, end);
    if (found >= 0) [start, end] = [found, found + word.length];
  });
  at("text").value = text.slice(0, start) + text.slice(end);
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

function typed() {
  clearTimeout(resting);
  const text = at("text").value;
  const mine = ++asked;
  query.set("text", text);
  history.replaceState(null, "", `?${query}`);
  at("memory").href = at("memory").href.replace(/[?#].*$/, "") + `?${new URLSearchParams({ row: text, ...(query.has("lang") ? { lang: query.get("lang") } : {}) })}`;
  const only = (show) => (said) => { if (mine === asked) show(said); };
  const told = (error) => { if (mine === asked) at("said").textContent = error.message; };
  if (!text.trim()) { at("said").textContent = words.empty; at("answer").replaceChildren(); return; }
  ask("say", text).then(only(showAnswer)).catch(told);
  resting = setTimeout(() => ask("why", text).then(only((said) => { showWhy(said); view.dataset.ready = "yes"; })).catch(told), REST);
}

function showCosts() {
  const chosen = costs[Math.round(+at("threshold").value * (costs.length - 1))];
  const [threshold, found, missed, falsely, rest] = chosen;
  at("at").textContent = number(threshold);
  Object.entries({ found, missed, false: falsely, rest }).forEach(([name, count]) => { at(name).textContent = count.toLocaleString(); });
  const share = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : "–");
  at("rates").textContent = `${words.precision} ${share(found, found + falsely)} · ${words.recall} ${share(found, found + missed)}`;
}

at("text").oninput = typed;
at("held")?.addEventListener("change", () => { if (at("held").value) { at("text").value = at("held").value; typed(); } });
if (costs.length) {
  at("threshold").value = view.dataset.threshold || 0.5;
  at("threshold").oninput = showCosts;
  showCosts();
}
typed();
