// Elements, pictures and words: what the page is made of. Words are given in two languages.

/** Give the words of the language that the page is read in. */
export const t = (english, korean) => (document.documentElement.lang === "ko" ? korean : english);

function filled(made, given, inside) {
  for (const [name, value] of Object.entries(given))
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...inside.flat().filter((each) => each !== null));
  return made;
}

/** Make an element: attributes, `onclick` and the like, then what is in it. */
export const element = (name, given = {}, ...inside) =>
  filled(document.createElement(name), given, inside);

/** Make a part of a picture. */
export const shape = (name, given = {}, ...inside) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), given, inside);

/** Put things in the place of what an element holds. */
export const fill = (place, ...inside) => place.replaceChildren(...inside.flat());

/** Write a number with so many decimals, and with a true minus. */
export const written = (value, decimals = 2) =>
  (Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value).toFixed(decimals).replace("-", "−");

/** Give the colour of a value: blue above 0, orange below; full at `most`. */
export function tint(value, most = 1) {
  const depth = (0.08 + 0.82 * Math.min(1, Math.abs(value) / most)).toFixed(3);
  return `rgba(${value >= 0 ? "20,120,170" : "214,88,20"},${depth})`;
}

/** Give a picture of a width that fits its place; `said` is read out. */
export const picture = (width, height, said, ...inside) =>
  shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said }, ...inside);

/**
 * Draw lines over steps.
 *
 * @param lines { name, kind, values }: the kind is a class of the stylesheet; values may be null.
 * @param low, high what stands at the bottom and the top.
 * @param marks values at which a line is drawn across, each with its words.
 */
export function chart({ lines, low, high, marks, said, length, under, height = 190 }) {
  const [left, right, top, bottom, width] = [46, 12, 10, 34, 520];
  const last = Math.max(1, (length ?? Math.max(...lines.map(({ values }) => values.length))) - 1);
  const x = (step) => left + ((width - left - right) * step) / last;
  const y = (value) =>
    top + (height - top - bottom) * (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low));
  const across = marks.map(([value, words]) => [
    shape("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
    shape("text", { class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, words),
  ]);
  const drawn = lines.map(({ kind, values }) => shape("polyline", {
    class: `line ${kind}`,
    points: values.map((value, step) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
  }));
  const words = shape("text", { class: "tick", x: width - right, y: height - 8, "text-anchor": "end" }, under);
  return picture(width, height, said, across.flat(), drawn, words);
}

/** Say which line is which. */
export const legend = (lines) => element("p", { class: "legend" }, lines.map(({ name, kind }) =>
  element("span", { class: `key ${kind}` }, name)));

/** Give a choice of one of several, as buttons that a keyboard walks through. */
export function choice(name, said, options, chosen, changed) {
  return element("fieldset", { class: "choice" }, element("legend", {}, said),
    Object.entries(options).map(([value, words]) => element("label", {},
      element("input", { type: "radio", name, value, checked: value === chosen,
        onchange: () => changed(value) }), element("span", {}, words))));
}

/** Give a slider with its name before it and its value after it. */
export function slider({ name, said, low, high, by = 0.05, value, decimals = 2 }, moved) {
  const shown = element("output", {}, written(value, decimals));
  const input = element("input", { type: "range", min: low, max: high, step: by, value,
    "aria-label": said ?? name, oninput: () => {
      shown.textContent = written(+input.value, decimals);
      moved(+input.value);
    } });
  return element("label", { class: "slider" }, element("span", { class: "name" }, name), input, shown);
}
