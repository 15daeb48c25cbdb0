// Numbers as lines that can be dragged: a line a column, a point a step; arrow keys move a point too.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [800, 180, 12];
const MOST = 400; // points that can be dragged; of more there are lines alone

function shape(name, given) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}

/** Give numbers of text, a line a step; null where it is none. */
export function numbersOf(text) {
  const rows = text.split("\n").map((line) => line.replaceAll(",", " ").trim()).filter(Boolean)
    .map((line) => line.split(/\s+/).map(Number));
  const good = rows.length && rows.every((row) => row.length === rows[0].length && row.every(Number.isFinite));
  return good ? rows : null;
}

/**
 * Draw rows of numbers.
 *
 * @param place what they are drawn in.
 * @param rows (steps, columns); they are changed in place.
 * @param named gives the words for a point, from its step and column.
 * @param changed is called when a point was moved.
 * @param ahead { forecast, lower, upper } of the steps that come after, or null.
 * @returns a function that draws other numbers ahead, of as many steps, in the same scale.
 */
export function drawLines(place, rows, named, changed, ahead = null) {
  const all = [...rows.flat(), ...(ahead ? [...ahead.forecast, ...(ahead.lower ?? []), ...(ahead.upper ?? [])] : [])];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = Math.max(1e-9, most - least, Math.abs(most) * 0.1) * 0.35;
  const [low, high] = [least - room, most + room];
  const steps = rows.length + (ahead?.forecast.length ?? 0);
  const x = (step) => EDGE + ((WIDTH - 2 * EDGE) * step) / Math.max(1, steps - 1);
  const y = (value) => EDGE + (HEIGHT - 2 * EDGE) * (1 - (value - low) / (high - low));
  const at = (height) => low + (high - low) * (1 - (height - EDGE) / (HEIGHT - 2 * EDGE));
  const picture = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "lines" });
  const after = shape("g", { class: "ahead" });
  picture.append(after);
  for (const value of [least, most]) {
    const text = shape("text", { x: EDGE, y: value === most ? 12 : HEIGHT - 4 });
    text.textContent = String(Number(value.toPrecision(4)));
    picture.append(text);
  }
  const points = rows.length * rows[0].length <= MOST;
  rows[0].forEach((_, column) => {
    const line = shape("polyline", { class: `column-${column % 4}` });
    const redraw = () => line.setAttribute("points", rows.map((row, step) => `${x(step)},${y(row[column])}`).join(" "));
    redraw();
    picture.append(line);
    if (points) rows.forEach((row, step) => picture.append(pointOf(row, step, column, redraw)));
  });

  function pointOf(row, step, column, redraw) {
    const point = shape("circle", { cx: x(step), cy: y(row[column]), r: rows.length > 40 ? 5 : 7, tabindex: 0, role: "slider",
      class: `column-${column % 4}`, "aria-label": named(step, column), "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": row[column] });
    const move = (value) => {
      row[column] = Number(Math.min(high, Math.max(low, value)).toPrecision(4));
      point.setAttribute("cy", y(row[column]));
      point.setAttribute("aria-valuenow", row[column]);
      redraw();
      changed();
    };
    point.onpointerdown = (event) => { point.setPointerCapture(event.pointerId); event.preventDefault(); point.focus(); };
    point.onpointermove = (event) => {
      if (!point.hasPointerCapture(event.pointerId)) return;
      const box = picture.getBoundingClientRect();
      move(at(((event.clientY - box.top) / box.height) * HEIGHT));
    };
    point.onkeydown = (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      move(row[column] + (by * (high - low)) / 40);
    };
    return point;
  }

  const showAhead = (found) => {
    if (!found) return;
    const last = rows.length - 1;
    const along = (values) => values.map((value, step) => `${x(rows.length + step)},${y(value)}`);
    const band = found.lower ? [shape("polygon", { points: [...along(found.lower), ...along(found.upper).reverse()].join(" ") })] : [];
    after.replaceChildren(...band,
      shape("polyline", { points: [`${x(last)},${y(rows[last][0])}`, ...along(found.forecast)].join(" ") }));
  };
  showAhead(ahead);
  place.replaceChildren(picture);
  return showAhead;
}
