// A recurrent layer with a dense layer over it, and how it learns: softmax, cross-entropy, Adam.

import { CELLS, backward, forward, zerosLike } from "./cells.js";

/** Give random numbers that are the same for the same seed: mulberry32, uniform in [0, 1). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const normal = (draw) => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

// Glorot and Bengio's uniform numbers, with which Keras begins kernels
function glorot(rows, columns, draw) {
  const most = Math.sqrt(6 / (rows + columns));
  return Float64Array.from({ length: rows * columns }, () => most * (2 * draw() - 1));
}

// rows of length 1 that stand at right angles, with which Keras begins recurrent kernels
function orthogonal(rows, columns, draw) {
  const found = [];
  while (found.length < rows) {
    const row = Float64Array.from({ length: columns }, () => normal(draw));
    for (const other of found) {
      const along = row.reduce((sum, value, i) => sum + value * other[i], 0);
      other.forEach((value, i) => { row[i] -= along * value; });
    }
    const length = Math.hypot(...row);
    if (length > 1e-6) found.push(row.map((value) => value / length));
  }
  return Float64Array.from(found.flatMap((row) => [...row]));
}

/** Give weights as Keras begins them: the forget gate's bias is 1. */
export function begin(name, features, units, draw) {
  const { gates, biases } = CELLS[name];
  const bias = new Float64Array(biases * gates * units);
  if (name === "lstm") bias.fill(1, units, 2 * units);
  return {
    features, units, bias,
    kernel: glorot(features, gates * units, draw),
    recurrent_kernel: orthogonal(units, gates * units, draw),
  };
}

export function softmax(values) {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** Give a network: a recurrent layer, and over its output at a step a dense layer of `classes`. */
export function network(name, features, units, classes, seed) {
  const draw = random(seed);
  return {
    name, classes,
    cell: begin(name, features, units, draw),
    dense: { kernel: glorot(units, classes, draw), bias: new Float64Array(classes) },
  };
}

function dense(h, { kernel, bias }) {
  const found = bias.slice();
  for (let unit = 0; unit < h.length; unit++)
    for (let column = 0; column < found.length; column++)
      found[column] += h[unit] * kernel[unit * found.length + column];
  return found;
}

/** Read a sequence; give the probability of each class at each step. */
export function answers(net, inputs) {
  return forward(net.name, inputs, net.cell).map((made) => softmax(dense(made.after[0], net.dense)));
}

/**
 * Give the mean cross-entropy of some rows, and its gradients.
 *
 * @param rows { inputs, targets }: the class at each step, or -1 where nothing is asked.
 */
export function lossOf(net, rows) {
  const gradients = {
    cell: zerosLike(net.cell),
    dense: { kernel: new Float64Array(net.dense.kernel.length), bias: new Float64Array(net.classes) },
  };
  const asked = rows.reduce((sum, row) => sum + row.targets.filter((each) => each >= 0).length, 0);
  let loss = 0;
  for (const { inputs, targets } of rows) {
    const steps = forward(net.name, inputs, net.cell);
    const slopes = steps.map((made, t) => {
      if (targets[t] < 0) return null;
      const shares = softmax(dense(made.after[0], net.dense));
      loss -= Math.log(Math.max(shares[targets[t]], 1e-300)) / asked;
      shares[targets[t]] -= 1;
      return denseBack(made.after[0], shares.map((share) => share / asked), net.dense, gradients.dense);
    });
    backward(net.name, steps, slopes, net.cell, gradients.cell);
  }
  return { loss, gradients };
}

function denseBack(h, slopes, { kernel }, gradients) {
  const found = new Float64Array(h.length);
  slopes.forEach((slope, column) => { gradients.bias[column] += slope; });
  for (let unit = 0; unit < h.length; unit++)
    for (let column = 0; column < slopes.length; column++) {
      gradients.kernel[unit * slopes.length + column] += h[unit] * slopes[column];
      found[unit] += slopes[column] * kernel[unit * slopes.length + column];
    }
  return found;
}

const arraysOf = ({ cell, dense: over }) =>
  [cell.kernel, cell.recurrent_kernel, cell.bias, over.kernel, over.bias].filter(Boolean);

/**
 * Adam, of gradients of which the norm is clipped, as Keras has it (epsilon beside the root).
 *
 * @returns a function of gradients, which changes the weights of the network in place and gives
 *     the norm of the gradients before they were clipped.
 */
export function adam(net, { rate = 0.01, clip = 1, first = 0.9, second = 0.999, epsilon = 1e-7 } = {}) {
  const weights = arraysOf(net);
  const means = weights.map((array) => new Float64Array(array.length));
  const squares = weights.map((array) => new Float64Array(array.length));
  let time = 0;
  return (gradients) => {
    const given = arraysOf(gradients);
    const norm = Math.sqrt(given.reduce((sum, array) => sum + array.reduce((s, g) => s + g * g, 0), 0));
    const scale = clip && norm > clip ? clip / norm : 1;
    time += 1;
    const size = (rate * Math.sqrt(1 - second ** time)) / (1 - first ** time);
    given.forEach((array, number) => {
      const [weight, mean, square] = [weights[number], means[number], squares[number]];
      for (let i = 0; i < array.length; i++) {
        const slope = array[i] * scale;
        mean[i] += (slope - mean[i]) * (1 - first);
        square[i] += (slope * slope - square[i]) * (1 - second);
        weight[i] -= (size * mean[i]) / (Math.sqrt(square[i]) + epsilon);
      }
    });
    return norm;
  };
}

/** Give the share of rows of which everything that is asked is answered with the most probable class. */
export function accuracy(net, rows) {
  const right = rows.filter(({ inputs, targets }) =>
    answers(net, inputs).every((shares, t) =>
      targets[t] < 0 || shares.indexOf(Math.max(...shares)) === targets[t]));
  return right.length / rows.length;
}
