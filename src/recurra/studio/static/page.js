// What the pages that answer share: elements, numbers, and questions to the studio.

const query = new URLSearchParams(location.search);
const token = document.querySelector('meta[name="recurra-token"]').content;

/** Make an element: its properties, then what is in it. */
export function make(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) made[key] = value;
  made.append(...inside);
  return made;
}

/** Write a number with so many decimals, and with a true minus. */
export const number = (value, decimals = 3) =>
  (Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value).toFixed(decimals).replace("-", "−");

/** Fill in a sentence. */
export const filled = (sentence, given) => sentence.replace(/\{(\w+)\}/g, (_, name) => given[name]);

/** Give the colour of a value: blue above 0, orange below; full at `most`. */
export const colour = (value, most, depth = 1) =>
  `rgba(${value >= 0 ? "14,116,168" : "200,80,18"},${depth * Math.min(1, Math.abs(value) / Math.max(most, 1e-12))})`;

/** Ask the studio, in the language of the page. */
export async function ask(path, body, failed) {
  const answer = await fetch(path + (query.has("lang") ? `?lang=${query.get("lang")}` : ""), {
    method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-recurra-token": token },
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? failed);
  return said;
}

/** Give bars of shares. */
export const bars = (shares) => Object.entries(shares).map(([name, share]) => {
  const bar = make("i");
  bar.style.width = `${100 * share}%`;
  return make("div", { className: "share" }, make("span", { textContent: name }),
    make("span", { className: "bar-of" }, bar), make("b", { textContent: number(share) }));
});
