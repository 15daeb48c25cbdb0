// One step of each recurrent cell, and back through it: the equations of `recurra.cells`.
//
//     SimpleRNN   h' = tanh(x W + h U + b)
//     LSTM        i, f, g, o = x W + h U + b         in this order along the last axis
//                 c' = σ(f) c + σ(i) tanh(g)         h' = σ(o) tanh(c')
//     GRU         z, r, n = x W + h U + b            in this order along the last axis
//                 h' = σ(z) h + (1 - σ(z)) tanh(n)
//                 reset_after:      n = x W_n + b_n + σ(r) (h U_n + b'_n)
//                 not reset_after:  n = x W_n + b_n + (σ(r) h) U_n
//
// Weights are { features, units, kernel, recurrent_kernel, bias }, kernels row by row as NumPy has
// them, (features, gates · units) and (units, gates · units); the bias is null, (gates · units) or,
// of a GRU with reset_after, two such rows. All numbers have 64 bits.

export const CELLS = {
  simple_rnn: { layer: "SimpleRNN", letters: "", gates: 1, states: 1, biases: 1 },
  lstm: { layer: "LSTM", letters: "ifgo", gates: 4, states: 2, biases: 1 },
  gru: { layer: "GRU", letters: "zrn", gates: 3, states: 1, biases: 2 },
  gru_reset_first: { layer: "GRU", letters: "zrn", gates: 3, states: 1, biases: 1 },
};

/** Give the cells that are shown side by side, with their names. */
export const SHOWN = { simple_rnn: "SimpleRNN", lstm: "LSTM", gru: "GRU" };

export const sigmoid = (x) => 0.5 * Math.tanh(0.5 * x) + 0.5;

/** Give the state in which a sequence begins: zeros. */
export function startOf(name, units) {
  return Array.from({ length: CELLS[name].states }, () => new Float64Array(units));
}

// sums += x · matrix, of the columns from `first` on
function multiply(x, matrix, columns, first, sums) {
  for (let row = 0; row < x.length; row++) {
    const value = x[row];
    if (value === 0) continue;
    const at = row * columns + first;
    for (let column = 0; column < sums.length; column++) sums[column] += value * matrix[at + column];
  }
}

// sums += slopes · matrixᵀ, of the columns from `first` on
function multiplyBack(slopes, matrix, columns, first, sums) {
  for (let row = 0; row < sums.length; row++) {
    const at = row * columns + first;
    let sum = 0;
    for (let column = 0; column < slopes.length; column++) sum += slopes[column] * matrix[at + column];
    sums[row] += sum;
  }
}

// gradient += xᵀ · slopes, in the columns from `first` on
function outer(x, slopes, columns, first, gradient) {
  for (let row = 0; row < x.length; row++) {
    const value = x[row];
    if (value === 0) continue;
    const at = row * columns + first;
    for (let column = 0; column < slopes.length; column++) gradient[at + column] += value * slopes[column];
  }
}

function addTo(gradient, slopes, first = 0) {
  for (let i = 0; i < slopes.length; i++) gradient[first + i] += slopes[i];
}

const part = (values, number, units) => values.subarray(number * units, (number + 1) * units);

// what the gates are made of: x W + b + h U, all columns
function sums(name, x, h, weights) {
  const columns = CELLS[name].gates * weights.units;
  const found = new Float64Array(columns);
  if (weights.bias) found.set(weights.bias.subarray(0, columns));
  multiply(x, weights.kernel, columns, 0, found);
  multiply(h, weights.recurrent_kernel, columns, 0, found);
  return found;
}

function stepSimple(x, [h], weights) {
  const after = sums("simple_rnn", x, h, weights).map(Math.tanh);
  return { x, before: [h], gates: {}, after: [after] };
}

function stepLstm(x, [h, c], weights) {
  const all = sums("lstm", x, h, weights);
  const [i, f, g, o] = [0, 1, 2, 3].map((number) =>
    part(all, number, weights.units).map(number === 2 ? Math.tanh : sigmoid));
  const cell = c.map((value, unit) => f[unit] * value + i[unit] * g[unit]);
  const after = cell.map((value, unit) => o[unit] * Math.tanh(value));
  return { x, before: [h, c], gates: { i, f, g, o }, after: [after, cell] };
}

function stepGru(name, x, [h], weights) {
  const { units, kernel, recurrent_kernel: recurrent, bias } = weights;
  const columns = 3 * units;
  const fromX = new Float64Array(columns);
  if (bias) fromX.set(bias.subarray(0, columns));
  multiply(x, kernel, columns, 0, fromX);
  const fromH = new Float64Array(columns);
  const resetAfter = name === "gru";
  if (resetAfter && bias) fromH.set(bias.subarray(columns));
  multiply(h, recurrent, columns, 0, resetAfter ? fromH : fromH.subarray(0, 2 * units));
  const z = part(fromX, 0, units).map((value, unit) => sigmoid(value + fromH[unit]));
  const r = part(fromX, 1, units).map((value, unit) => sigmoid(value + fromH[units + unit]));
  const ofState = part(fromH, 2, units);
  if (!resetAfter) multiply(r.map((value, unit) => value * h[unit]), recurrent, columns, 2 * units, ofState);
  const n = part(fromX, 2, units).map((value, unit) =>
    Math.tanh(value + (resetAfter ? r[unit] * ofState[unit] : ofState[unit])));
  const after = h.map((value, unit) => z[unit] * value + (1 - z[unit]) * n[unit]);
  return { x, before: [h], gates: { z, r, n }, after: [after], ofState };
}

/** Take one step: { x, before, gates, after }, of which before and after are [h] or [h, c]. */
export function step(name, x, state, weights) {
  if (name === "simple_rnn") return stepSimple(x, state, weights);
  return name === "lstm" ? stepLstm(x, state, weights) : stepGru(name, x, state, weights);
}

/** Read a sequence, and keep every step. */
export function forward(name, inputs, weights, state = startOf(name, weights.units)) {
  const steps = [];
  for (const x of inputs) {
    steps.push(step(name, x, state, weights));
    state = steps.at(-1).after;
  }
  return steps;
}

/** Give gradients of zero, of the shapes of the weights. */
export function zerosLike(weights) {
  const zeros = { features: weights.features, units: weights.units };
  for (const name of ["kernel", "recurrent_kernel", "bias"])
    zeros[name] = weights[name] ? new Float64Array(weights[name].length) : null;
  return zeros;
}

// what flows back into x and h, and what is added to the gradients, of slopes at the sums
function back(made, ofX, ofH, weights, gradients) {
  const columns = ofX.length;
  outer(made.x, ofX, columns, 0, gradients.kernel);
  outer(made.before[0], ofH, columns, 0, gradients.recurrent_kernel);
  if (gradients.bias) addTo(gradients.bias, ofX);
  const x = new Float64Array(weights.features);
  const h = new Float64Array(weights.units);
  multiplyBack(ofX, weights.kernel, columns, 0, x);
  multiplyBack(ofH, weights.recurrent_kernel, columns, 0, h);
  return { x, h };
}

function backSimple(made, [dh], weights, gradients) {
  const slopes = dh.map((slope, unit) => slope * (1 - made.after[0][unit] ** 2));
  const { x, h } = back(made, slopes, slopes, weights, gradients);
  return { x, state: [h] };
}

function backLstm(made, [dh, dc], weights, gradients) {
  const { units } = weights;
  const { i, f, g, o } = made.gates;
  const slopes = new Float64Array(4 * units);
  const cell = new Float64Array(units);
  for (let unit = 0; unit < units; unit++) {
    const bent = Math.tanh(made.after[1][unit]);
    const slope = dc[unit] + dh[unit] * o[unit] * (1 - bent * bent);
    slopes[unit] = slope * g[unit] * i[unit] * (1 - i[unit]);
    slopes[units + unit] = slope * made.before[1][unit] * f[unit] * (1 - f[unit]);
    slopes[2 * units + unit] = slope * i[unit] * (1 - g[unit] * g[unit]);
    slopes[3 * units + unit] = dh[unit] * bent * o[unit] * (1 - o[unit]);
    cell[unit] = slope * f[unit];
  }
  const { x, h } = back(made, slopes, slopes, weights, gradients);
  return { x, state: [h, cell] };
}

function backGru(name, made, [dh], weights, gradients) {
  const { units, recurrent_kernel: recurrent } = weights;
  const { z, r, n } = made.gates;
  const [h] = made.before;
  const columns = 3 * units;
  const resetAfter = name === "gru";
  const ofX = new Float64Array(columns);
  const ofN = part(ofX, 2, units);
  for (let unit = 0; unit < units; unit++) {
    ofX[unit] = dh[unit] * (h[unit] - n[unit]) * z[unit] * (1 - z[unit]);
    ofN[unit] = dh[unit] * (1 - z[unit]) * (1 - n[unit] * n[unit]);
  }
  const throughReset = new Float64Array(units); // of r h, where the reset gate comes first
  if (!resetAfter) multiplyBack(ofN, recurrent, columns, 2 * units, throughReset);
  for (let unit = 0; unit < units; unit++) {
    const slope = resetAfter ? ofN[unit] * made.ofState[unit] : throughReset[unit] * h[unit];
    ofX[units + unit] = slope * r[unit] * (1 - r[unit]);
  }
  const ofH = ofX.slice();
  for (let unit = 0; unit < units; unit++) ofH[2 * units + unit] = resetAfter ? ofN[unit] * r[unit] : 0;
  const found = back(made, ofX, ofH, weights, gradients);
  if (resetAfter) {
    if (gradients.bias) addTo(gradients.bias, ofH, columns);
  } else {
    outer(h.map((value, unit) => value * r[unit]), ofN, columns, 2 * units, gradients.recurrent_kernel);
  }
  const state = found.h.map((slope, unit) => slope + dh[unit] * z[unit] + throughReset[unit] * r[unit]);
  return { x: found.x, state: [state] };
}

/** Go back through one step: what the slopes of its state after are at x and at its state before. */
export function stepBack(name, made, slopes, weights, gradients) {
  if (name === "simple_rnn") return backSimple(made, slopes, weights, gradients);
  return name === "lstm"
    ? backLstm(made, slopes, weights, gradients)
    : backGru(name, made, slopes, weights, gradients);
}

/**
 * Go back through time.
 *
 * @param steps what `forward` kept.
 * @param said for each step the slopes of what is to fall at its output h, or null for none.
 * @param gradients to which those of the weights are added.
 * @returns inputs: the slopes at each x; states: at each state after, h first; start: at the state
 *     before the first step.
 */
export function backward(name, steps, said, weights, gradients = zerosLike(weights)) {
  const inputs = new Array(steps.length);
  const states = new Array(steps.length);
  let state = startOf(name, weights.units);
  for (let t = steps.length - 1; t >= 0; t--) {
    if (said[t]) addTo(state[0], said[t]);
    states[t] = state.map((slopes) => slopes.slice());
    const found = stepBack(name, steps[t], state, weights, gradients);
    inputs[t] = found.x;
    state = found.state;
  }
  return { inputs, states, start: state, gradients };
}
