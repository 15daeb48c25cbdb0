// One cell of one unit by hand: its weights and inputs are sliders, its equations have their numbers.

import { CELLS, SHOWN, backward, forward } from "./cells.js";
import { chart, choice, element, fill, legend, slider, t, written } from "./drawing.js";

const GATES = { simple_rnn: [""], lstm: ["i", "f", "g", "o"], gru: ["z", "r", "n"] };
const ROLES = () => ({
  i: t("input gate", "입력 게이트"), f: t("forget gate", "망각 게이트"),
  g: t("candidate", "후보"), o: t("output gate", "출력 게이트"), z: t("update gate", "갱신 게이트"),
  r: t("reset gate", "리셋 게이트"), n: t("candidate", "후보"), "": t("the cell", "셀"),
});

// for each gate: what x, h and 1 are multiplied by
const LESSONS = () => ({
  simple_rnn: {
    fades: [t("it fades", "흐려집니다"), [[1, 0.6, 0]]],
    latches: [t("it latches", "붙잡습니다"), [[2, 2, 0]]],
    swings: [t("it swings", "흔들립니다"), [[1.5, -1.6, 0]]],
  },
  lstm: {
    holds: [t("it holds", "간직합니다"), [[4, 0, -2], [0, 0, 4], [2, 0, 0], [0, 0, 4]]],
    counts: [t("it counts", "셉니다"), [[0, 0, 4], [0, 0, 4], [0.3, 0, 0], [0, 0, 4]]],
    forgets: [t("it forgets", "잊습니다"), [[0, 0, 2], [0, 0, -1], [1.5, 0, 0], [0, 0, 4]]],
  },
  gru: {
    holds: [t("it holds", "간직합니다"), [[-6, 0, 4], [0, 0, 4], [2, 0, 0]]],
    fades: [t("it fades", "흐려집니다"), [[0, 0, -1], [0, 0, 4], [1.5, 0.5, 0]]],
  },
});

const STEPS = 8;
const FIRST = [1, 0, 0, 0, 0, 0, 0, 0];
const subscript = (number) => String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

/** Give the weights of a cell of one unit from [w, u, b] of each gate. */
export function weightsBy(name, sliders) {
  const column = (place) => Float64Array.from(sliders, (each) => each[place]);
  const bias = new Float64Array(CELLS[name].biases * sliders.length);
  bias.set(column(2));
  return { features: 1, units: 1, kernel: column(0), recurrent_kernel: column(1), bias };
}

const n = (value) => element("b", { class: "n" }, written(value));
const line = (...parts) => element("p", { class: "equation" }, parts);

function gateLine(letter, number, at, [w, u, b], made, before) {
  const name = letter || "h";
  const low = letter ? `_${letter}` : "";
  const bent = letter === "" || letter === "g" || letter === "n" ? "tanh" : "σ";
  const value = letter ? made.gates[letter][0] : made.after[0][0];
  if (letter === "n") {
    const r = made.gates.r[0];
    return line(`n${at} = tanh(w_n x${at} + b_n + r${at} u_n h${before}) = tanh(`, n(w), " · ", n(made.x[0]),
      " + ", n(b), " + ", n(r), " · ", n(u), " · ", n(made.before[0][0]), ") = ", n(value));
  }
  return line(`${name}${at} = ${bent}(w${low} x${at} + u${low} h${before} + b${low}) = ${bent}(`, n(w), " · ",
    n(made.x[0]), " + ", n(u), " · ", n(made.before[0][0]), " + ", n(b), ") = ", n(value));
}

function stateLines(name, made, at, before) {
  const [h] = made.after;
  if (name === "lstm") {
    const { i, f, g, o } = made.gates;
    return [
      line(`c${at} = f${at} c${before} + i${at} g${at} = `, n(f[0]), " · ", n(made.before[1][0]), " + ", n(i[0]),
        " · ", n(g[0]), " = ", n(made.after[1][0])),
      line(`h${at} = o${at} tanh(c${at}) = `, n(o[0]), " · tanh(", n(made.after[1][0]), ") = ", n(h[0])),
    ];
  }
  if (name !== "gru") return [];
  const { z, n: candidate } = made.gates;
  return [line(`h${at} = z${at} h${before} + (1 − z${at}) n${at} = `, n(z[0]), " · ", n(made.before[0][0]), " + ",
    n(1 - z[0]), " · ", n(candidate[0]), " = ", n(h[0]))];
}

function backLines(name, steps, slopes, step) {
  const last = subscript(STEPS);
  const at = subscript(step + 1);
  const before = subscript(step);
  const made = steps[step];
  const from = step ? slopes.states[step - 1] : slopes.start;
  const lines = [line(`∂h${last}/∂x${at} = `, n(slopes.inputs[step][0]))];
  if (name === "simple_rnn") {
    const [h] = made.after;
    lines.unshift(line(`∂h${last}/∂h${before} = ∂h${last}/∂h${at} · (1 − h${at}²) · u = `,
      n(slopes.states[step][0][0]), " · ", n(1 - h[0] * h[0]), " · u = ", n(from[0][0])));
  } else {
    lines.unshift(line(`∂h${last}/∂h${before} = `, n(from[0][0])));
    const gate = name === "lstm" ? "f" : "z";
    if (name === "lstm") lines.unshift(line(`∂h${last}/∂c${before} = `, n(from[1][0])));
    const straight = steps.slice(step).reduce((product, each) => product * each.gates[gate][0], 1);
    lines.push(line(t("the straight way back: ", "곧장 거슬러 가는 길: "),
      `${gate}${at} · … · ${gate}${last} = `, n(straight)));
  }
  return lines;
}

/** Give the section its life; `state` has cell, step, weights by cell and inputs. */
export function hand(place, state, kept) {
  const [controls, inputs, forwards, backwards, plot, stepping] =
    ["controls", "inputs", "forwards", "backwards", "plot", "stepping"].map((name) => place.querySelector(`.${name}`));
  state.cell ??= "lstm";
  state.step ??= 0;
  state.inputs ??= [...FIRST];
  state.weights ??= {};

  const sliders = () => (state.weights[state.cell] ??=
    Object.values(LESSONS()[state.cell])[0][1].map((each) => [...each]));

  function show() {
    const weights = weightsBy(state.cell, sliders());
    const steps = forward(state.cell, state.inputs.map((x) => Float64Array.of(x)), weights);
    const said = steps.map((_, step) => (step === STEPS - 1 ? [1] : null));
    const slopes = backward(state.cell, steps, said, weights);
    const [at, before] = [subscript(state.step + 1), subscript(state.step)];
    const made = steps[state.step];
    fill(stepping.querySelector("output"), t(`step ${state.step + 1} of ${STEPS}`, `${STEPS}시점 중 ${state.step + 1}번째`));
    fill(forwards, GATES[state.cell].map((letter, number) =>
      gateLine(letter, number, at, sliders()[number], made, before)), stateLines(state.cell, made, at, before));
    fill(backwards, backLines(state.cell, steps, slopes, state.step));
    fill(plot, ...pictures(steps, slopes));
    inputs.querySelectorAll("label").forEach((label, step) => label.classList.toggle("now", step === state.step));
    kept();
  }

  function pictures(steps, slopes) {
    const lines = [
      { name: "h", kind: "h", values: steps.map((made) => made.after[0][0]) },
      ...(state.cell === "lstm" ? [{ name: "c", kind: "c", values: steps.map((made) => made.after[1][0]) }] : []),
      ...[...CELLS[state.cell].letters].filter((letter) => !"gn".includes(letter)).map((letter) =>
        ({ name: letter, kind: `gate ${letter}`, values: steps.map((made) => made.gates[letter][0]) })),
    ];
    const most = Math.max(1, ...lines.flatMap(({ values }) => values.map(Math.abs)));
    const marks = [[most, written(most, 1)], [0, "0"], [-most, written(-most, 1)]];
    const back = [{ name: `∂h${subscript(STEPS)}/∂x`, kind: "back", values: slopes.inputs.map((each) => each[0]) }];
    const steep = Math.max(0.1, ...back[0].values.map(Math.abs));
    return [
      element("h4", {}, t("Forwards: what the cell says and holds", "앞으로: 셀이 내고 간직하는 것")),
      chart({ lines, low: -most, high: most, marks, under: t("step →", "시점 →"),
        said: t("State and gates at each step", "시점마다의 상태와 게이트") }),
      legend(lines),
      element("h4", {}, t("Backwards: how much each input still moves the last state",
        "뒤로: 입력마다 마지막 상태를 아직 얼마나 움직이는지")),
      chart({ lines: back, low: -steep, high: steep, height: 130, under: t("step →", "시점 →"),
        marks: [[steep, written(steep)], [0, "0"], [-steep, written(-steep)]],
        said: t("Slope of the last state with each input", "각 입력에 대한 마지막 상태의 기울기") }),
      legend(back),
    ];
  }

  function build() {
    const roles = ROLES();
    fill(controls,
      choice("cell", t("Cell", "셀"), SHOWN, state.cell, (value) => { state.cell = value; build(); }),
      element("p", { class: "lessons" }, t("Set it so that ", "다음과 같이 되게 맞추기: "),
        Object.values(LESSONS()[state.cell]).map(([words, values]) => element("button", { type: "button",
          onclick: () => { state.weights[state.cell] = values.map((each) => [...each]); state.inputs = [...FIRST]; build(); } }, words))),
      GATES[state.cell].map((letter, gate) => element("div", { class: "sliders" },
        element("h4", {}, letter ? `${letter} · ${roles[letter]}` : roles[letter]),
        ["w", "u", "b"].map((name, which) => slider({ name, low: -6, high: 6, value: sliders()[gate][which],
          said: `${name} ${roles[letter]}` }, (value) => { sliders()[gate][which] = value; show(); })))));
    fill(inputs, state.inputs.map((value, step) => slider({ name: `x${subscript(step + 1)}`, low: -2, high: 2, value },
      (moved) => { state.inputs[step] = moved; state.step = step; show(); })));
    show();
  }

  function go(by) {
    state.step = Math.min(STEPS - 1, Math.max(0, state.step + by));
    show();
  }
  stepping.querySelector(".back").onclick = () => go(-1);
  stepping.querySelector(".on").onclick = () => go(1);
  stepping.onkeydown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); go(by); }
  };
  return build;
}
