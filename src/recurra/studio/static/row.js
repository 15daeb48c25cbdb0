// A row is answered as it is typed or dragged; then, when it rests, what moved the answer.

const at = (id) => document.getElementById(id);
const view = at("try");
const { ask, bars, colour, filled, make, number } = await import(view.dataset.page);
const { drawLines, numbersOf } = await import(view.dataset.line);
const words = JSON.parse(view.dataset.words);
const channels = JSON.parse(view.dataset.channels);
const query = new URLSearchParams(location.search);
const REST = 400; // milliseconds without a change, after which it is asked what moved the answer
const fields = [...document.querySelectorAll(".field")];
const SIGN = "␞"; // between the texts of a row
const given = ["label", "temperature"]; // what else may be chosen
let asked = 0;
let resting = null;
let showAhead = null;

const rowNow = () => fields.map((field) => (fields.length > 1 ? field.value.replaceAll(SIGN, " ") : field.value)).join(` ${SIGN} `);

function put(row) {
  const parts = fields.length > 1 ? row.split(SIGN) : [row];
  fields.forEach((field, place) => { field.value = (fields.length > 1 ? parts[place]?.trim() : parts[place]) ?? ""; });
}

function show(said) {
  at("said").textContent = said.said;
  at("shares").replaceChildren(...bars(said.shares ?? {}));
  at("lines").replaceChildren(...(said.lines ?? []).map((line) => make("li", { className: "text", textContent: line })));
  if (said.words) showWords(said.words);
  if (said.strips) showStrips(said.strips, 1);
  if (said.why) at("why").textContent = said.why;
  if (said.ahead) { if (showAhead?.steps === said.ahead.forecast.length) showAhead(said.ahead); else draw(said.ahead); }
}

function showParts({ why, words: each, strips }) {
  if (why) at("why").textContent = why;
  if (each) showWords(each);
  if (strips) showStrips(strips, null);
}

function showWords(all) {
  const strongest = Math.max(...all.map(({ fall }) => Math.abs(fall ?? 0)), 0);
  at("words").replaceChildren(...all.map(({ word, said, share, fall, others }) => {
    const made = make("span", { className: "word-said", title: others ?? number(fall ?? share) }, make("span", { textContent: word }));
    if (said !== undefined) made.append(make("small", { textContent: `${said} ${number(share, 2)}` }));
    made.style.backgroundColor = fall === undefined ? colour(share, 1, 0.45) : colour(fall, strongest, 0.6);
    return made;
  }));
}

// colours under the line: of each channel, stretch by stretch; full at `most`, or at the strongest
function showStrips(strips, most) {
  const strongest = most ?? Math.max(...strips.flatMap(({ values }) => values.map(Math.abs)), 1e-12);
  at("strips").replaceChildren(...strips.map(({ name, edges, values }) => {
    const row = make("div", { className: "strip-of" }, ...values.map((value, place) => {
      const part = make("i", { title: `${name}, ${edges[place] + 1}–${edges[place + 1]}: ${number(value, 4)}` });
      part.style.flexGrow = edges[place + 1] - edges[place];
      part.style.backgroundColor = colour(value, strongest);
      return part;
    }));
    row.setAttribute("role", "img");
    row.setAttribute("aria-label", `${name}: ${values.map((value) => number(value, 2)).join(", ")}`);
    return make("div", {}, make("span", { className: "soft", textContent: name }), row);
  }));
}

function draw(ahead = null) {
  if (!channels.length) return;
  const rows = numbersOf(rowNow());
  if (!rows || rows[0].length !== channels.length) { at("drag").replaceChildren(); showAhead = null; return; }
  showAhead = drawLines(at("drag"), rows, (step, column) => filled(words.point, { channel: channels[column], step: step + 1 }), () => {
    fields[0].value = rows.map((row) => row.join(" ")).join("\n");
    typed();
  }, ahead);
  showAhead.steps = ahead?.forecast.length ?? 0;
}

const body = () => ({ row: rowNow(), ...Object.fromEntries(given.filter((name) => at(name)).map((name) =>
  [name, name === "temperature" ? Number(at(name).value) : at(name).value])) });
const address = (what) => `/try/${encodeURIComponent(view.dataset.name)}/${what}`;

function typed() {
  clearTimeout(resting);
  const mine = ++asked;
  const now = body();
  Object.entries(now).forEach(([name, value]) => query.set(name, value));
  history.replaceState(null, "", `?${query}`);
  if (at("boldness")) at("boldness").textContent = number(now.temperature ?? 0, 1);
  const only = (shown) => (said) => { if (mine === asked) { shown(said); view.dataset.ready = "yes"; } };
  const told = (error) => { if (mine === asked) { at("said").textContent = error.message; at("shares").replaceChildren(); } };
  ask(address("row"), now, words.failed).then(only(show)).catch(told);
  resting = setTimeout(() => ask(address("parts"), now, words.failed).then(only(showParts)).catch(told), REST);
}

fields.forEach((field) => { field.oninput = () => { draw(); typed(); }; });
at("held")?.addEventListener("change", () => { if (at("held").value) { put(at("held").value); draw(); typed(); } });
given.forEach((name) => {
  if (query.has(name) && at(name)) at(name).value = query.get(name);
  at(name)?.addEventListener("input", typed);
});
put(view.dataset.row);
draw();
typed();
