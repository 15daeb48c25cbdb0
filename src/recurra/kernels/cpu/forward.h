// Forward through time.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "blocks.h"

namespace recurra {
namespace {

template <class C>
int64_t scratch(const Call &call) {
  const Sizes<C> size(call);
  return BLOCK * (2 * size.row + size.padded + size.RESULTS);
}

template <class C, bool KEEP>
void step(const Sizes<C> &size, const float *packed, int64_t rows, const float *inputs, float *next,
          float *c, float *partial, float *tape, int64_t tape_row) {
  constexpr int64_t L1_INPUTS = L1_BYTES / (int64_t{sizeof(float)} * C::VECTORS * LANES);
  const float *biases = packed + size.panels * size.inputs * size.WEIGHTS;
  for (int64_t panel = 0; panel < size.panels; ++panel) {
    const int64_t unit = panel * size.UNITS;
    const float *weights = packed + panel * size.inputs * size.WEIGHTS;
    const float *start = biases + panel * size.RESULTS;
    int64_t start_row = 0;
    for (int64_t from = 0, to; from < size.inputs; from = to) {
      to = size.inputs - from <= L1_INPUTS * 3 / 2 ? size.inputs : from + L1_INPUTS;
      const int64_t of_h = max(0, min(to, size.units) - from);
      const int64_t of_x = to - from - of_h;
      tiles(rows, [&](auto n, int64_t i) {
        constexpr int N = decltype(n)::value;
        Vec sums[N][C::SUMS];
#pragma GCC unroll 8
        for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
          for (int v = 0; v < C::SUMS; ++v)
            sums[r][v] = load(start + (i + r) * start_row + v * LANES);
        const float *row = inputs + i * size.row, *w = weights + from * size.WEIGHTS;
        const float *h = row + size.pairs + from;
        const float *x = row + size.pairs + size.padded + max(0, from - size.units);
        multiply<C, true, KEEP>(sums, size, h, w, of_h);
        multiply<C, false, KEEP>(sums, size, x, w + of_h * size.WEIGHTS, of_x);
        for (int r = 0; r < N; ++r)
          if (to < size.inputs)
            for (int v = 0; v < C::SUMS; ++v)
              store(partial + (i + r) * size.RESULTS + v * LANES, sums[r][v]);
          else
            C::forward_step(sums[r], row + r * size.row + unit, next + (i + r) * size.row + unit,
                      c + (i + r) * size.padded + unit,
                      tape ? tape + (i + r) * tape_row + panel * C::SAVED * LANES : nullptr);
      });
      start = partial;
      start_row = size.RESULTS;
    }
  }
}

// Take step s of some rows of the block. The last of several stages leaves h where it was.
template <class C>
INLINE void forward_step(const Call &call, const Sizes<C> &size, const Block &block, int64_t s,
                         int64_t rows, const float *packed, float *now, float *next, float *c,
                         float *partial) {
  for (int64_t i = 0; i < rows; ++i)
    complete<C>(call, size, block.rank(i), place_in_x(call, block.rank(i), s), now + i * size.row);
  float *tape = call.tape;
  if (tape) tape += (s * call.batch + block.rank(0)) * size.tape;
  (call.keep ? step<C, true> : step<C, false>)(size, packed, rows, now, next, c, partial, tape,
                                               block.lanes * size.tape);
  if constexpr (!C::LAST) {
    const Sizes<typename C::Then> then(call);
    forward_step(call, then, block, s, rows, packed + weights_of<C>(call), next, now, c, partial);
  }
}

template <class C>
void forward(const Call &call, const float *packed, int64_t lane, int64_t lanes, float *scratch) {
  const Sizes<C> size(call);
  blocks(call, lane, lanes, [&](const Block &block) {
    float *now = scratch, *next = now + BLOCK * size.row;
    float *c = next + BLOCK * size.row, *partial = c + BLOCK * size.padded;
    zero(scratch, partial - scratch);
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t rank = block.rank(i), row = call.order[rank] * call.units;
      copy(now + i * size.row, call.h + row, call.units);
      if (call.c) copy(c + i * size.padded, call.c + row, call.units);
      if (call.outputs) write_outputs(call, rank, -1, call.h + row);
    }
    int64_t rows = block.rows;
    for (int64_t s = 0; rows > 0; ++s) {
      const int64_t still = active_rows(call, block, s);
      for (int64_t i = still; i < rows; ++i) {  // these have taken their last step
        const int64_t row = call.order[block.rank(i)] * call.units;
        copy(call.last_h + row, now + i * size.row, call.units);
        if (call.c) copy(call.last_c + row, c + i * size.padded, call.units);
      }
      rows = still;
      forward_step(call, size, block, s, rows, packed, now, next, c, partial);
      if (C::LAST) {
        float *swap = now;
        now = next;
        next = swap;
      }
      if (call.outputs)
        for (int64_t i = 0; i < rows; ++i)
          write_outputs(call, block.rank(i), s, now + i * size.row);
    }
  });
}

}  // namespace
}  // namespace recurra
