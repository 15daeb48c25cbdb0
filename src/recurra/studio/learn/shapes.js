// The four shapes as small living networks: every circle is a real number of a SimpleRNN of one unit.

import { forward } from "./cells.js";
import { element, fill, picture, shape, t, tint, written } from "./drawing.js";

const weights = (w, u) => ({ features: 1, units: 1, kernel: Float64Array.of(w),
  recurrent_kernel: Float64Array.of(u), bias: Float64Array.of(0) });

// which steps are read, which are said, what it does
const SHAPES = () => [
  { name: t("one to one", "일대일"), reads: [1], says: [1], by: weights(1.5, 0),
    words: t("No memory is needed: the same input gives the same answer. A picture gets its name.",
      "기억이 필요 없습니다. 입력이 같으면 답도 같습니다. 그림에 이름을 붙이는 일입니다.") },
  { name: t("one to many", "일대다"), reads: [1, 0, 0, 0, 0], says: [1, 1, 1, 1, 1], by: weights(1.6, -1.9),
    words: t("One thing is read, and the state carries it on: each step is said from the last state.",
      "하나를 읽으면 상태가 그것을 이어 갑니다. 시점마다 앞 상태에서 출력이 나옵니다.") },
  { name: t("many to one", "다대일"), reads: [1, 1, 1, 1, 1], says: [0, 0, 0, 0, 1], by: weights(2, 2),
    words: t("A whole sequence is read, and one answer is given: is this message spam? This one tells whether it read any 1.",
      "시퀀스를 모두 읽고 하나를 답합니다. 이 메시지는 스팸입니까? 여기서는 1을 하나라도 읽었는지 답합니다.") },
  { name: t("many to many", "다대다"), reads: [1, 1, 1, 1, 1], says: [1, 1, 1, 1, 1], by: weights(1.4, 0.7),
    words: t("Each step is answered: a tag for every word, a state for every minute.",
      "시점마다 답합니다. 단어마다 품사를, 분마다 기계의 상태를 답합니다.") },
];

const GAP = 62;

function circle(x, y, value, words, given = {}) {
  return shape("g", given,
    shape("circle", { cx: x, cy: y, r: 21, class: "cell", fill: tint(value) }),
    shape("text", { x, y: y + 5, "text-anchor": "middle" }, words));
}

const arrow = (x1, y1, x2, y2) =>
  shape("line", { class: "arrow", x1, y1, x2, y2, "marker-end": "url(#head)" });

function drawn(each, inputs, upTo) {
  const steps = forward("simple_rnn", inputs.map((x) => Float64Array.of(x)), each.by);
  const parts = [];
  steps.forEach((made, step) => {
    const x = 34 + step * GAP;
    const reached = step <= upTo;
    const h = made.after[0][0];
    if (step) parts.push(arrow(x - GAP + 22, 90, x - 25, 90));
    parts.push(circle(x, 90, reached ? h : 0, reached ? written(h, 1) : "h"));
    if (each.reads[step]) parts.push(circle(x, 154, inputs[step], written(inputs[step], 0)), arrow(x, 131, x, 115));
    if (each.says[step])
      parts.push(arrow(x, 67, x, 51), circle(x, 26, reached ? h : 0, reached ? written(h, 1) : "y"));
  });
  const said = steps.map((made, step) => (each.says[step] ? written(made.after[0][0], 1) : "–")).join(" ");
  return picture(68 + GAP * (each.reads.length - 1), 182,
    `${each.name}: x ${each.reads.map((is, step) => (is ? inputs[step] : "–")).join(" ")}, y ${said}`, parts);
}

/** Give the section its life. */
export function shapes(place) {
  let playing = null;
  return () => {
    clearInterval(playing);
    const cards = SHAPES().map((each) => card(each));
    fill(place, cards.map(({ box }) => box));
    place.parentElement.querySelector(".play").onclick = () => {
      clearInterval(playing);
      let step = -1;
      cards.forEach(({ show }) => show(step));
      playing = setInterval(() => {
        step += 1;
        cards.forEach(({ show }) => show(step));
        if (step >= 4) clearInterval(playing);
      }, 600);
    };
  };
}

function card(each) {
  const inputs = each.reads.map((is, step) => (is && step === 0 ? 1 : 0));
  const plot = element("div", {});
  const show = (upTo) => fill(plot, drawn(each, inputs, upTo));
  const buttons = each.reads.map((is, step) => (is ? element("button", {
    type: "button", "aria-pressed": String(inputs[step] === 1), "aria-label": `x ${step + 1}`,
    onclick: (event) => {
      inputs[step] = 1 - inputs[step];
      event.target.setAttribute("aria-pressed", String(inputs[step] === 1));
      event.target.textContent = String(inputs[step]);
      show(9);
    } }, String(inputs[step])) : null));
  show(9);
  const box = element("article", {}, element("h3", {}, each.name), plot,
    element("p", { class: "switches" }, t("x: ", "x: "), buttons), element("p", {}, each.words));
  return { box, show };
}
