// Vanishing gradients: how far back a step still moves the last state, by its distance.

import { SHOWN, backward, forward } from "./cells.js";
import { chart, element, fill, legend, slider, t, written } from "./drawing.js";
import { begin, random } from "./training.js";

const UNITS = 16;
const FEATURES = 8;

/**
 * Give the norm of the gradient of the last state at the state of each step before it, nearest first.
 *
 * The weights are those with which Keras begins, of one seed; the recurrent kernel is multiplied by
 * `scale`, the forget gate's bias is `forget`. What is read is random.
 */
export function norms(name, { timesteps, scale, forget, seed }) {
  const draw = random(seed);
  const weights = begin(name, FEATURES, UNITS, draw);
  weights.recurrent_kernel = weights.recurrent_kernel.map((value) => value * scale);
  if (name === "lstm") weights.bias.fill(forget, UNITS, 2 * UNITS);
  const inputs = Array.from({ length: timesteps }, () =>
    Float64Array.from({ length: FEATURES }, () => 2 * draw() - 1));
  const steps = forward(name, inputs, weights);
  const said = inputs.map((_, step) => (step === timesteps - 1 ? new Float64Array(UNITS).fill(1 / Math.sqrt(UNITS)) : null));
  const { states } = backward(name, steps, said, weights);
  return states.map((parts) => Math.hypot(...parts.flatMap((part) => [...part]))).reverse();
}

/** Give the section its life. */
export function gradients(place, state, kept) {
  state.timesteps ??= 40;
  state.scale ??= 1;
  state.forget ??= 1;
  state.seed ??= 1;
  const [controls, plot] = [place.querySelector(".controls"), place.querySelector(".plot")];

  function show() {
    const lines = Object.entries(SHOWN).map(([name, words]) => ({ name: words, kind: name, norms: norms(name, state) }));
    for (const line of lines) line.values = line.norms.map((norm) => Math.log10(Math.max(norm, 1e-12)));
    const marks = [2, 0, -2, -4, -6, -8].map((power) => [power, power === 0 ? "1" : `10${power < 0 ? "⁻" : ""}${"⁰¹²³⁴⁵⁶⁷⁸"[Math.abs(power)]}`]);
    fill(plot,
      chart({ lines, low: -8, high: 2, marks, height: 260, under: t("steps back →", "거슬러 간 시점 →"),
        said: t("Gradient norm by distance", "거리에 따른 기울기의 크기") }),
      legend(lines),
      element("p", { "aria-live": "polite" }, t(`What is left after ${state.timesteps - 1} steps: `, `${state.timesteps - 1}시점 뒤에 남은 것: `),
        lines.map(({ name, norms: found }, number) => [number ? ", " : "", `${name} `, element("b", { class: "n" }, found.at(-1).toExponential(1).replace("-", "−"))]).flat()));
    kept();
  }

  return () => {
    const moved = (name) => (value) => { state[name] = value; show(); };
    fill(controls,
      slider({ name: t("steps", "시점 수"), low: 5, high: 100, by: 1, decimals: 0, value: state.timesteps }, moved("timesteps")),
      slider({ name: t("recurrent weights ×", "순환 가중치 ×"), low: 0.3, high: 2, value: state.scale }, moved("scale")),
      slider({ name: t("forget gate's bias", "망각 게이트의 편향"), low: -1, high: 5, value: state.forget }, moved("forget")),
      slider({ name: t("other random numbers", "다른 난수"), low: 1, high: 20, by: 1, decimals: 0, value: state.seed }, moved("seed")));
    show();
  };
}
