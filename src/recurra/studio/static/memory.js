// What networks hold of one row, step by step: heat over time, moved through with the keyboard.

const at = (id) => document.getElementById(id);
const view = at("memory");
const { drawLines, numbersOf } = await import(view.dataset.line); // by an address of its own version
const { ask, colour, make } = await import(view.dataset.page);
const names = JSON.parse(view.dataset.names);
const words = JSON.parse(view.dataset.words);
const query = new URLSearchParams(location.search);
const chosen = { step: Number(query.get("step") ?? 0), unit: Number(query.get("unit") ?? 0), sort: query.get("sort") ?? "stored" };
const GATES = "ifozr"; // these lie between 0 and 1, the others about 0
const KEEPING = { lstm: "f", gru: "z", gru_reset_first: "z" };
let found = []; // what each run holds of the row
let habits = null; // of the units of the first run
const addressOf = (name) => `/memory/${encodeURIComponent(name)}`;

const heatOf = (value, most, gate) => colour(gate ? Math.abs(value) : value, most);

// the units of a layer in the order that was chosen
function order(layer, number) {
  const units = layer.values.h[0].map((_, unit) => unit);
  const now = layer.values.h[chosen.step] ?? layer.values.h.at(-1);
  const known = habits?.units.filter((habit) => habit.layer === number) ?? [];
  const slow = (unit) => known.length ? known[unit].keeps : -changes(layer.values.h, unit);
  const by = {
    stored: (unit) => -unit,
    now: (unit) => now[unit],
    reach: (unit) => layer.reach[unit],
    slow,
    follows: (unit) => (known.length ? known[unit].follows[1] : layer.reach[unit]),
  }[chosen.sort] ?? ((unit) => -unit);
  const groups = (unit) => (chosen.sort === "follows" && known.length ? known[unit].follows[0] : "");
  return units.sort((a, b) => groups(a).localeCompare(groups(b)) || by(b) - by(a) || a - b);
}

const changes = (states, unit) => states.reduce((sum, state, step) =>
  sum + (step ? Math.abs(state[unit] - states[step - 1][unit]) : 0), 0);

// how much of what was written at each step its gates still keep at the end, the mean of the units
function kept(layer) {
  const gate = layer.values[KEEPING[layer.cell]];
  if (!gate) return null;
  const steps = layer.backwards ? [...gate].reverse() : gate;
  const left = steps[0].map(() => 1);
  const found = [];
  for (let step = steps.length - 1; step >= 0; step--) {
    found.unshift(left.reduce((sum, value) => sum + value, 0) / left.length);
    steps[step].forEach((value, unit) => { left[unit] *= value; });
  }
  return layer.backwards ? found.reverse() : found;
}

// rows of values, as a picture of one point each
function heat(kind, rows, gate, said, choose) {
  const canvas = make("canvas", { width: rows[0].length, height: rows.length });
  const most = gate ? 1 : Math.max(1e-9, ...rows.flat().map(Math.abs));
  const pen = canvas.getContext("2d");
  rows.forEach((values, row) => values.forEach((value, column) => {
    pen.fillStyle = heatOf(value, most, gate);
    pen.fillRect(column, row, 1, 1);
  }));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", said);
  const box = make("div", { className: `heat ${kind}` }, canvas);
  box.onclick = (event) => {
    const place = canvas.getBoundingClientRect();
    choose(Math.floor((event.clientX - place.left) / place.width * rows[0].length),
      Math.floor((event.clientY - place.top) / place.height * rows.length));
  };
  return box;
}

function marked(box, step, steps, row, rows) {
  const column = make("i", { className: "step" });
  column.style.left = `${(100 * step) / steps}%`;
  column.style.width = `${100 / steps}%`;
  box.append(column);
  if (rows > 1) {
    const across = make("i", { className: "unit" });
    across.style.top = `${(100 * row) / rows}%`;
    across.style.height = `${100 / rows}%`;
    box.append(across);
  }
  return box;
}

function panel(run, layer, number) {
  const sorted = order(layer, number);
  const steps = layer.values.h.length;
  const step = Math.min(chosen.step, steps - 1);
  const unit = Math.min(chosen.unit, sorted.length - 1);
  const title = `${run.name} · ${layer.name}${layer.backwards ? ` (${words.backwards})` : ""}`;
  const figure = (letter) => {
    const values = layer.values[letter];
    const rows = sorted.map((which) => values.map((state) => state[which]));
    const box = heat(letter, rows, GATES.includes(letter), `${title}: ${words[letter]}`,
      (column, row) => { chosen.step = column; chosen.unit = sorted[row]; show(); });
    marked(box, step, steps, sorted.indexOf(unit), rows.length);
    return make("figure", {}, make("figcaption", {}, make("span", { textContent: words[letter] }),
      make("span", { className: "numbers", textContent: values[step][unit].toFixed(3) })), box);
  };
  const strip = (values, said) => {
    const most = Math.max(1e-12, ...values);
    const box = heat("strip", [values.map((value) => value / most)], true, `${title}: ${said}`, (column) => { chosen.step = column; show(); });
    return make("figure", {}, make("figcaption", {}, make("span", { textContent: said }),
      make("span", { className: "numbers", textContent: values[step].toPrecision(2) })), marked(box, step, steps, 0, 1));
  };
  const left = kept(layer);
  const gates = Object.keys(layer.values).filter((letter) => !"hc".includes(letter));
  return make("section", {}, make("h3", { textContent: title }), strip(layer.moves, words.moves),
    ...(left ? [strip(left, words.kept)] : []), figure("h"), ...(layer.values.c ? [figure("c")] : []),
    make("div", { className: "gates" }, ...gates.map(figure)));
}

function showSteps() {
  const [first] = found;
  const most = Math.max(1e-12, ...first.moves);
  at("steps").replaceChildren(...first.steps.map((word, step) => {
    const made = make("span", { textContent: word, className: step === chosen.step ? "now" : "" });
    made.style.backgroundColor = heatOf(0.45 * first.moves[step], most, true);
    made.onclick = () => { chosen.step = step; show(); };
    return made;
  }));
  at("steps").querySelector(".now")?.scrollIntoView({ block: "nearest" });
  const slider = at("steps");
  slider.setAttribute("aria-valuemin", 1);
  slider.setAttribute("aria-valuemax", first.steps.length);
  slider.setAttribute("aria-valuenow", chosen.step + 1);
  slider.setAttribute("aria-valuetext", `${first.steps[chosen.step]}, ${chosen.step + 1} ${words.of} ${first.steps.length}`);
}

function showUnit() {
  const layer = found[0].layers[0];
  const values = layer.values.h;
  at("unit-title").textContent = `${words.unit} ${chosen.unit}: ${found[0].name} · ${layer.name}`;
  const read = make("p", {}, ...found[0].steps.flatMap((word, step) => {
    const made = make("span", { className: "word", textContent: word, title: values[step]?.[chosen.unit]?.toFixed(3) ?? "" });
    made.style.backgroundColor = heatOf(values[step]?.[chosen.unit] ?? 0, 1.2, false);
    return [made, " "];
  }));
  const habit = habits?.units.find((each) => each.layer === 0 && each.unit === chosen.unit);
  at("unit").replaceChildren(read, ...(habit ? told(habit) : []));
}

function told(habit) {
  const number = (value) => value.toFixed(2).replace("-", "−");
  const facts = make("p", { className: "numbers", textContent:
    `${words.follows}: ${words.things[habit.follows[0]] ?? habit.follows[0]} (${number(habit.follows[1])}) · ${words.keeps}: ${number(habit.keeps)}` });
  const tokens = make("p", { className: "numbers", textContent:
    `${words.highest}: ${habit.tokens.map(([word, value]) => `${word} ${number(value)}`).join(" · ")}` });
  const on = make("ul", { className: "on" }, ...habit.on.map(({ steps, values }) => make("li", {}, ...steps.flatMap((word, step) => {
    const made = make("span", { textContent: word, title: number(values[step]) });
    made.style.backgroundColor = heatOf(values[step], 1.2, false);
    return [made, " "];
  }))));
  return [facts, ...(habit.tokens.length ? [tokens] : []), make("p", { textContent: `${words.on}:` }), on];
}

function show() {
  const steps = found[0].steps.length;
  chosen.step = Math.max(0, Math.min(steps - 1, chosen.step || 0));
  const units = found[0].layers[0].values.h[0].length;
  chosen.unit = Math.max(0, Math.min(units - 1, chosen.unit || 0));
  showSteps();
  showUnit();
  at("layers").replaceChildren(...found.flatMap((run) => run.layers.map((layer, number) => panel(run, layer, number))));
  for (const name of ["step", "unit", "sort"]) query.set(name, chosen[name]);
  history.replaceState(null, "", `?${query}`);
}

at("steps").onkeydown = (event) => {
  const layer = found[0]?.layers[0];
  if (!layer) return;
  const sorted = order(layer, 0);
  const place = sorted.indexOf(chosen.unit);
  const moved = { ArrowLeft: () => { chosen.step -= 1; }, ArrowRight: () => { chosen.step += 1; },
    Home: () => { chosen.step = 0; }, End: () => { chosen.step = found[0].steps.length - 1; },
    ArrowUp: () => { chosen.unit = sorted[Math.max(0, place - 1)]; },
    ArrowDown: () => { chosen.unit = sorted[Math.min(sorted.length - 1, place + 1)]; } }[event.key];
  if (!moved) return;
  event.preventDefault();
  moved();
  show();
};
at("sort").value = chosen.sort;
at("sort").onchange = () => { chosen.sort = at("sort").value; show(); };
at("held")?.addEventListener("change", () => { if (at("held").value) { at("row").value = at("held").value; at("row").form.requestSubmit(); } });
at("file").onchange = async () => { at("own").value = (await at("file").files[0].text()).slice(0, 200000); };
at("habits").onsubmit = async (event) => {
  event.preventDefault();
  const rows = at("own").value.split("\n").filter((row) => row.trim()).slice(0, 300);
  at("read").textContent = "…";
  try {
    habits = await ask(`${addressOf(names[0])}/units`, { rows }, words.failed);
    at("read").textContent = `${words.rows}: ${habits.rows}`;
    show();
  } catch (error) {
    at("read").textContent = error.message;
  }
};

async function read() {
  const row = at("row").value;
  if (!row.trim() && view.dataset.empty !== "yes") return;
  try {
    found = await Promise.all(names.map((name) => ask(`${addressOf(name)}/row`, { row, ...(at("label") ? { label: at("label").value } : {}) }, words.failed)));
    at("answers").textContent = found.map(({ name, of, answer }) => `${name}: ${of} ${answer.toFixed(4)}`).join(" · ");
    at("summary").replaceChildren(...found.map(({ name, said }) => make("p", { textContent: found.length > 1 ? `${name}: ${said}` : said })));
    show();
    view.dataset.ready = "yes";
  } catch (error) {
    at("answers").textContent = error.message;
  }
}

// a line that is dragged is read again when it rests a moment
function drag() {
  const rows = at("drag") && numbersOf(at("row").value);
  if (!rows || rows.length * rows[0].length > 400) { at("drag")?.replaceChildren(); return; }
  let resting = null;
  drawLines(at("drag"), rows, (step, column) => `${words.number} ${column + 1}, ${words.step} ${step + 1}`, () => {
    at("row").value = rows.map((row) => row.join(" ")).join("\n");
    query.set("row", at("row").value);
    clearTimeout(resting);
    resting = setTimeout(read, 60);
  });
}

at("row").addEventListener("input", drag);
drag();
read();
