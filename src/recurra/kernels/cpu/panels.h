// The weights as panels: their sizes, how they are packed, and the product of a tile of rows.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "cells.h"
#include "recurrence.h"

namespace recurra {
namespace {

// Sizes that follow from a call. A row of *inputs* is [h, padded | x]; with dropout, which differs
// from gate to gate, it is h and then such a pair for each gate. Its length is an odd number of cache
// lines, so that the same place of many rows does not fall on the same few cache sets.
template <class C>
struct Sizes {
  static constexpr int UNITS = C::GROUPS * LANES;     // units of a panel
  static constexpr int WEIGHTS = C::VECTORS * LANES;  // weights of a panel, for one input
  static constexpr int RESULTS = C::SUMS * LANES;

  int64_t units, features, inputs, panels, padded, pair, pairs, row;
  int64_t state_quads, input_quads, tape;

  explicit Sizes(const Call &call)
      : units(call.units),
        features(call.features),
        inputs(units + features),
        panels(ceil_div(units, UNITS)),
        padded(panels * UNITS),
        pair(padded + features),
        pairs(call.keep ? padded : 0),
        row((ceil_div(call.keep ? padded + gates() * pair : pair, 16) | 1) * 16),
        state_quads(ceil_div(units, WIDE * LANES)),
        input_quads(ceil_div(features, WIDE * LANES)),
        tape(panels * C::SAVED * LANES) {}

  int64_t wide() const { return max(padded, state_quads * WIDE * LANES); }

  // Which gate and which unit a weight of a panel belongs to.
  static constexpr int64_t gate(int v) { return C::FIRST + v / C::GROUPS; }
  static int64_t unit(int64_t panel, int v) { return panel * UNITS + v % C::GROUPS * LANES; }
  static constexpr int64_t gates() { return C::GATES; }
};

template <int N>
struct Rows {
  static constexpr int value = N;
};

// Cut rows into tiles; four left over are better as two and two than as three and one, and best as
// four, where there are registers for them: the weights are then read once.
template <class Work>
INLINE void tiles(int64_t rows, Work work) {
  int64_t first = 0;
  while (rows - first >= ROWS && (ROWS != 3 || rows - first != 4))
    work(Rows<ROWS>{}, first), first += ROWS;
  if constexpr (ROWS > 4)
    if (rows - first >= 4) work(Rows<4>{}, first), first += 4;
  for (; rows - first >= 2; first += 2) work(Rows<2>{}, first);
  if (first < rows) work(Rows<1>{}, first);
}

// sums += `count` inputs of some rows times their weights in one panel.
template <class C, bool FROM_STATE, bool KEEP, int N>
INLINE void multiply(Vec (&sums)[N][C::SUMS], const Sizes<C> &size, const float *inputs,
                     const float *weights, int64_t count) {
  for (int64_t k = 0; k < count; ++k, weights += C::VECTORS * LANES) {
    Vec x[N];
#pragma GCC unroll 8
    for (int v = 0; v < C::VECTORS; ++v) {
      if (KEEP || v == 0)
#pragma GCC unroll 8
        for (int i = 0; i < N; ++i)
          x[i] = broadcast(inputs[i * size.row + KEEP * size.gate(v) * size.pair + k]);
      const Vec w = load(weights + v * LANES);
#pragma GCC unroll 8
      for (int i = 0; i < N; ++i) sums[i][C::sum(FROM_STATE, v)] += x[i] * w;
    }
  }
}

// Fill the pairs of a row of inputs: h and x as each gate is to see them.
template <class C>
INLINE void drop(const Sizes<C> &size, const float *x, const float *keep, float *row) {
  for (int64_t gate = 0; gate < size.gates(); ++gate, keep += size.inputs) {
    float *pair = row + size.pairs + gate * size.pair;
    for (int64_t j = 0; j < size.units; ++j) pair[j] = row[j] * keep[j];
    for (int64_t j = 0; j < size.features; ++j) pair[size.padded + j] = x[j] * keep[size.units + j];
  }
}

// Of one stage; those of a cell's stages stand one after the other.
template <class C>
int64_t weights_of(const Call &call) {
  const Sizes<C> size(call);
  return size.panels * (size.inputs * size.WEIGHTS + size.RESULTS);
}

template <class C>
int64_t weights(const Call &call) {
  if constexpr (C::LAST)
    return weights_of<C>(call);
  else
    return weights_of<C>(call) + weights<typename C::Then>(call);
}

// The weights as panels: [panel][input of x, then of h][vector][lane]; then biases [panel][sum][lane].
template <class C>
void pack(const Call &call, int64_t panel, float *packed) {
  const Sizes<C> size(call);
  const int64_t columns = size.gates() * size.units;
  float *to = packed + panel * size.inputs * size.WEIGHTS;
  for (int64_t k = 0; k < size.inputs; ++k)
    for (int v = 0; v < C::VECTORS; ++v, to += LANES) {
      const float *from = k < size.features ? call.kernel + k * columns
                                            : call.recurrent_kernel + (k - size.features) * columns;
      const int64_t unit = size.unit(panel, v), some = min(LANES, size.units - unit);
      from += size.gate(v) * size.units + unit;
      if (some == LANES)
        store(to, load(from));
      else
        for (int64_t j = 0; j < LANES; ++j) to[j] = j < some ? from[j] : 0;
    }
  float *biases = packed + size.panels * size.inputs * size.WEIGHTS + panel * size.RESULTS;
  for (int j = 0; j < size.RESULTS; ++j) biases[j] = 0;
  for (int b = 0; b < C::BIASES; ++b)
    for (int v = 0; v < C::VECTORS; ++v)
      for (int64_t j = 0; j < LANES && size.unit(panel, v) + j < size.units; ++j)
        biases[C::sum(b == 1, v) * LANES + j] +=
            call.bias[b * columns + size.gate(v) * size.units + size.unit(panel, v) + j];
  if constexpr (!C::LAST) pack<typename C::Then>(call, panel, packed + weights_of<C>(call));
}

template <class C>
int64_t parts(const Call &call) {
  return Sizes<C>(call).panels;
}

template <class C>
int64_t saved(const Call &call) {
  return Sizes<C>(call).tape;
}

template <class C>
int64_t transposed_of(const Call &call) {
  const Sizes<C> size(call);
  return (size.state_quads + size.input_quads) * size.panels * size.WEIGHTS * WIDE * LANES;
}

template <class C>
int64_t packed_back(const Call &call) {
  if constexpr (C::LAST)
    return transposed_of<C>(call);
  else
    return transposed_of<C>(call) + packed_back<typename C::Then>(call);
}

// [U; W]ᵀ as panels of WIDE vectors of its columns: [quad of h, then of x][panel][vector][lane][·].
template <class C>
void pack_back(const Call &call, int64_t panel, float *packed) {
  const Sizes<C> size(call);
  const int64_t columns = size.gates() * size.units, quads = size.state_quads + size.input_quads;
  for (int64_t quad = 0; quad < quads; ++quad) {
    const bool of_h = quad < size.state_quads;
    const int64_t first = (of_h ? quad : quad - size.state_quads) * WIDE * LANES;
    const int64_t some = min(WIDE * LANES, (of_h ? size.units : size.features) - first);
    const float *from = (of_h ? call.recurrent_kernel : call.kernel) + first * columns;
    float *to = packed + (quad * size.panels + panel) * size.WEIGHTS * WIDE * LANES;
    zero(to, size.WEIGHTS * WIDE * LANES);
    for (int v = 0; v < C::VECTORS; ++v, to += LANES * WIDE * LANES) {
      const int64_t unit = size.unit(panel, v), column = size.gate(v) * size.units + unit;
      const int64_t real = min(LANES, size.units - unit);
      for (int64_t k = 0; k < some; ++k)
        for (int64_t j = 0; j < real; ++j) to[j * WIDE * LANES + k] = from[k * columns + column + j];
    }
  }
  if constexpr (!C::LAST)
    pack_back<typename C::Then>(call, panel, packed + transposed_of<C>(call));
}

}  // namespace
}  // namespace recurra
