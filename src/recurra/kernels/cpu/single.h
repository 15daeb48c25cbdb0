// One row whose weights fill the caches many times over: they are read once a step, where Keras has
// them, because to pack them would take as long as some steps do. Only here are a row's sums shared
// out to threads, step by step: a *part* is some of the inputs, whose rows of weights lie together.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "blocks.h"

namespace recurra {
namespace {

// sums += inputs of `rows` times as many rows of weights.
INLINE void add_rows(float *sums, int64_t count, const float *inputs, const float *weights,
                     int64_t rows, int64_t stride) {
  constexpr int SOME = 8;
  int64_t k = 0;
  for (; k + SOME <= rows; k += SOME, weights += SOME * stride) {
    Vec x[SOME];
    for (int r = 0; r < SOME; ++r) x[r] = broadcast(inputs[k + r]);
    int64_t j = 0;
    for (; j + LANES <= count; j += LANES) {
      Vec even = load(sums + j), odd = Vec{};
      for (int r = 0; r < SOME; r += 2) {
        even += x[r] * load(weights + r * stride + j);
        odd += x[r + 1] * load(weights + (r + 1) * stride + j);
      }
      store(sums + j, even + odd);
    }
    for (; j < count; ++j)
      for (int r = 0; r < SOME; ++r) sums[j] += inputs[k + r] * weights[r * stride + j];
  }
  for (; k < rows; ++k, weights += stride)
    for (int64_t j = 0; j < count; ++j) sums[j] += inputs[k] * weights[j];
}

INLINE float dot(const float *a, const float *b, int64_t count) {
  Vec sums[4] = {};
  int64_t j = 0;
  for (; j + 4 * LANES <= count; j += 4 * LANES)
    for (int v = 0; v < 4; ++v) sums[v] += load(a + j + v * LANES) * load(b + j + v * LANES);
  const Vec both = sums[0] + sums[1] + (sums[2] + sums[3]);
  float sum = 0;
  for (int l = 0; l < LANES; ++l) sum += both[l];
  for (; j < count; ++j) sum += a[j] * b[j];
  return sum;
}

// Where `single` has what: h, c, dh, dc, numbers carried to the step before, h0; then forward the
// sums of each part as Keras has its columns (for x, and for h where these must not be added), and on
// the way back, for the products after it, [h, padded | x] of all steps and d in the same columns.
template <class C>
struct SingleRow {
  Sizes<C> size;
  int64_t columns, sums;
  float *h, *c, *dh, *dc, *carried, *h0, *inputs, *d, *partial;

  SingleRow(const Call &call, float *scratch)
      : size(call), columns(size.gates() * size.units), sums(C::BIASES * columns), h(scratch) {
    c = h + size.padded;
    dh = c + size.padded, dc = dh + size.padded, carried = dc + size.padded;
    h0 = carried + size.padded, partial = inputs = h0 + size.padded;
    d = inputs + call.timesteps * size.row;
  }
  static int64_t floats(const Call &call, int64_t parts, bool back) {
    const Sizes<C> size(call);
    const int64_t sums = C::BIASES * size.gates() * size.units;
    return 6 * size.padded +
           (back ? call.timesteps * (size.row + sums) : parts * reach(sums));
  }
  // So many sums, and past their end what a vector may touch.
  static constexpr int64_t reach(int64_t sums) { return sums + Sizes<C>::UNITS; }
  // d of a step, for what is multiplied by the state or by x.
  float *d_of(int64_t s, bool from_state) const {
    return d + s * sums + (from_state && C::BIASES == 2) * columns;
  }
};

template <class C>
int64_t single_scratch(const Call &call, int64_t parts, bool back) {
  return SingleRow<C>::floats(call, parts, back);
}

template <class C>
void single_start(const Call &call, bool back, float *scratch) {
  const SingleRow<C> one(call, scratch);
  zero(scratch, one.inputs - scratch);
  copy(back ? one.h0 : one.h, call.h, call.units);
  if (call.c) copy(one.c, call.c, call.units);
  if (!back && call.outputs) write_outputs(call, 0, -1, {0, call.units}, call.h);
  if (!back) return;
  copy(one.dh, call.d_last_h, call.units);
  if (call.c) copy(one.dc, call.d_last_c, call.units);
  if (call.features > 0) zero(call.dx, call.timesteps * call.features);
}

// What some inputs add to the sums.
template <class C>
void single_step(const Call &call, int64_t s, int64_t part, int64_t parts, float *scratch) {
  const SingleRow<C> one(call, scratch);
  const int64_t units = call.units;
  const Range range = part_of(one.size.inputs, part, parts);
  float *const from_x = one.partial + part * one.reach(one.sums);
  float *const from_h = from_x + one.sums - one.columns;
  if (part == 0)
    copy(from_x, call.bias, one.sums);
  else
    zero(from_x, one.sums);
  if (range.from < units)
    add_rows(from_h, one.columns, one.h + range.from,
             call.recurrent_kernel + range.from * one.columns,
             min(range.to, units) - range.from, one.columns);
  const int64_t first = max(range.from, units) - units;
  if (range.to > units)
    add_rows(from_x, one.columns, call.x + place_in_x(call, 0, s) + first,
             call.kernel + first * one.columns, range.to - units - first, one.columns);
}

// The step itself, once all parts are done; before the first (-1) nothing.
template <class C>
void single_stepped(const Call &call, int64_t s, int64_t parts, float *scratch) {
  const SingleRow<C> one(call, scratch);
  const Sizes<C> &size = one.size;
  float *tape = call.tape && s >= 0 ? call.tape + s * size.tape : nullptr;
  for (int64_t panel = 0; s >= 0 && panel < size.panels; ++panel) {
    const int64_t first = panel * size.UNITS;
    Vec sums[C::SUMS] = {};
    for (int64_t part = 0; part < parts; ++part)
      for (int v = 0; v < C::VECTORS; ++v) {
        const float *from_x = one.partial + part * one.reach(one.sums) + size.gate(v) * size.units +
                              size.unit(panel, v);
        sums[C::sum(false, v)] += load(from_x);
        if (C::BIASES == 2) sums[C::sum(true, v)] += load(from_x + one.columns);
      }
    C::forward_step(sums, one.h + first, one.h + first, one.c + first,
              tape ? tape + panel * C::SAVED * LANES : nullptr);
  }
  if (s >= 0 && call.outputs) write_outputs(call, 0, s, {0, call.units}, one.h);
  if (s + 1 < call.steps[0]) return;
  copy(call.last_h, one.h, call.units);
  if (call.c) copy(call.last_c, one.c, call.units);
}

template <class C>
void single_backward_step(const Call &call, int64_t s, float *scratch) {
  const SingleRow<C> one(call, scratch);
  const Sizes<C> &size = one.size;
  if (call.d_outputs) read_outputs(call, 0, s, one.dh);
  if (s < 0) {
    copy(call.dh, one.dh, call.units);
    if (call.c) copy(call.dc, one.dc, call.units);
    return;
  }
  const float *tape = call.tape + s * size.tape, *before = s > 0 ? tape - size.tape : nullptr;
  float *inputs = one.inputs + s * size.row;
  for (int64_t panel = 0; panel < size.panels; ++panel) {
    const int64_t unit = panel * size.UNITS, on_tape = panel * C::SAVED * LANES;
    float d[C::SUMS * LANES];
    C::backward_step(tape + on_tape, before ? before + on_tape : nullptr, one.h0 + unit,
                     one.c + unit, one.dh + unit, one.dc + unit, d, inputs + unit,
                     one.carried + unit, s + 1 == call.steps[0]);
    for (int v = 0; v < C::VECTORS; ++v)
      for (int64_t j = 0; j < min(LANES, size.units - size.unit(panel, v)); ++j) {
        const int64_t column = size.gate(v) * size.units + size.unit(panel, v) + j;
        one.d_of(s, false)[column] = d[C::sum(false, v) * LANES + j];
        one.d_of(s, true)[column] = d[C::sum(true, v) * LANES + j];
      }
  }
  copy(inputs + size.padded, call.x + place_in_x(call, 0, s), size.features);
}

template <class C>
void single_back(const Call &call, int64_t s, int64_t part, int64_t parts, float *scratch) {
  const SingleRow<C> one(call, scratch);
  const int64_t units = call.units;
  const Range range = part_of(one.size.inputs, part, parts);
  for (int64_t k = range.from; k < min(range.to, units); ++k)
    one.dh[k] += dot(call.recurrent_kernel + k * one.columns, one.d_of(s, true), one.columns);
  float *dx = call.dx + place_in_x(call, 0, s);
  for (int64_t k = max(range.from, units); k < range.to; ++k)
    dx[k - units] =
        dot(call.kernel + (k - units) * one.columns, one.d_of(s, false), one.columns);
}

// The weights' gradients, some inputs' rows of them, as they stand in Keras.
template <class C>
void single_reduce(const Call &call, int64_t part, int64_t parts, float *scratch) {
  const SingleRow<C> one(call, scratch);
  const Sizes<C> &size = one.size;
  const Range range = part_of(size.inputs, part, parts);
  const int64_t steps = call.steps[0];
  for (int64_t k = range.from; k < range.to; ++k) {
    const bool of_h = k < size.units;
    float *to = of_h ? call.d_recurrent_kernel + k * one.columns
                     : call.d_kernel + (k - size.units) * one.columns;
    zero(to, one.columns);
    const float *inputs = one.inputs + (of_h ? k : size.padded + k - size.units);
    for (int64_t s = 0; s < steps; s += 8) {
      float x[8];
      const int64_t some = min(8, steps - s);
      for (int64_t r = 0; r < some; ++r) x[r] = inputs[(s + r) * size.row];
      add_rows(to, one.columns, x, one.d_of(s, of_h), some, one.sums);
    }
  }
  if (part > 0) return;
  zero(call.d_bias, one.sums);
  for (int64_t s = 0; s < steps; ++s)
    for (int64_t j = 0; j < one.sums; ++j) call.d_bias[j] += one.d_of(s, false)[j];
}

}  // namespace
}  // namespace recurra
