// Backward through time: d and dh step by step, and after some steps the products dx, dU, dW, db.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "blocks.h"

namespace recurra {
namespace {

// Some steps of some rows of the way back: where their x lies, whose they are, and their dx.
struct ChunkIndex {
  float *dx;
  int64_t *places, *ranks;
  int64_t rows;
};

// What a stage had and gives in those steps: [h | x] of each, and d as [panel][row][sum][lane].
template <class C>
struct Chunk {
  const Sizes<C> size;
  ChunkIndex &index;
  float *inputs, *d;

  Chunk(const Call &call, ChunkIndex &index, float *scratch)
      : size(call), index(index), inputs(scratch), d(inputs + CHUNK * size.row) {}
  float *d_of(int64_t panel, int64_t row) const { return d + (panel * CHUNK + row) * size.RESULTS; }
  float *end() const { return d_of(size.panels, 0); }
  auto then(const Call &call) const { return Chunk<typename C::Then>(call, index, end()); }
};

template <class C>
int64_t chunk_of(const Call &call) {
  const Sizes<C> size(call);
  const int64_t floats = CHUNK * (size.row + size.panels * size.RESULTS);
  if constexpr (C::LAST)
    return floats;
  else
    return floats + chunk_of<typename C::Then>(call);
}

template <class C>
int64_t scratch_back(const Call &call) {
  const Sizes<C> size(call);
  return chunk_of<C>(call) + CHUNK * (size.input_quads * WIDE * LANES + 4) +
         BLOCK * (2 * size.wide() + 3 * size.padded);
}

template <class C, bool FROM_STATE>
void multiply_back_kept(const Call &call, const Chunk<C> &chunk, int64_t first, int64_t rows,
                        const float *packed, int64_t quads, float *out, int64_t out_row) {
  constexpr int64_t EACH = WIDE * LANES;
  const Sizes<C> &size = chunk.size;
  const int64_t columns = FROM_STATE ? size.units : size.features;
  for (int64_t quad = 0; quad < quads; ++quad, packed += size.panels * size.WEIGHTS * EACH)
    tiles(rows, [&](auto n, int64_t i) {
      constexpr int N = decltype(n)::value;
      for (int64_t gate = 0; gate < size.gates(); ++gate) {
        Vec sums[N][WIDE] = {};
        for (int64_t panel = 0; panel < size.panels; ++panel)
          for (int u = 0; u < C::VECTORS; ++u) {
            if (size.gate(u) != gate) continue;
            const float *d = chunk.d_of(panel, first + i) + C::sum(FROM_STATE, u) * LANES;
            const float *w = packed + (panel * C::VECTORS + u) * LANES * EACH;
            for (int j = 0; j < LANES; ++j, w += EACH)
#pragma GCC unroll 8
              for (int v = 0; v < WIDE; ++v) {
                const Vec wide = load(w + v * LANES);
#pragma GCC unroll 8
                for (int r = 0; r < N; ++r) sums[r][v] += broadcast(d[r * size.RESULTS + j]) * wide;
              }
          }
        for (int r = 0; r < N; ++r) {
          float product[EACH], *target = out + (i + r) * out_row + quad * EACH;
          for (int v = 0; v < WIDE; ++v) store(product + v * LANES, sums[r][v]);
          const int64_t row = call.order[chunk.index.ranks[first + i + r]] * size.gates() + gate;
          const float *keep =
              call.keep + row * size.inputs + (FROM_STATE ? 0 : size.units) + quad * EACH;
          for (int64_t j = 0; j < min(EACH, columns - quad * EACH); ++j)
            target[j] += keep[j] * product[j];
        }
      }
    });
}

// The first W vectors of a quad: out += d times a transposed kernel, for some rows of the chunk.
template <class C, bool FROM_STATE, int W>
void multiply_quad(const Chunk<C> &chunk, int64_t first, int64_t rows, const float *packed,
                          float *out, int64_t out_row) {
  constexpr int64_t EACH = WIDE * LANES;
  const Sizes<C> &size = chunk.size;
  const int64_t near = max(1, L1_BYTES / (int64_t{sizeof(float)} * size.WEIGHTS * EACH));
  for (int64_t from = 0; from < size.panels; from += near) {
    const int64_t to = min(size.panels, from + near);
    tiles(rows, [&](auto n, int64_t i) {
      constexpr int N = decltype(n)::value;
      float *target = out + i * out_row;
      Vec sums[N][W];
#pragma GCC unroll 8
      for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < W; ++v) sums[r][v] = load(target + r * out_row + v * LANES);
      const float *w = packed + from * size.WEIGHTS * EACH;
      for (int64_t panel = from; panel < to; ++panel)
        for (int u = 0; u < C::VECTORS; ++u) {
          const float *d = chunk.d_of(panel, first + i) + C::sum(FROM_STATE, u) * LANES;
          for (int j = 0; j < LANES; ++j, w += EACH) {
            Vec x[N];
#pragma GCC unroll 8
            for (int r = 0; r < N; ++r) x[r] = broadcast(d[r * size.RESULTS + j]);
#pragma GCC unroll 8
            for (int v = 0; v < W; ++v) {
              const Vec wide = load(w + v * LANES);
#pragma GCC unroll 8
              for (int r = 0; r < N; ++r) sums[r][v] += x[r] * wide;
            }
          }
        }
#pragma GCC unroll 8
      for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < W; ++v) store(target + r * out_row + v * LANES, sums[r][v]);
    });
  }
}

// out += d times a transposed kernel, for some rows of the chunk; with dropout, gate by gate.
template <class C, bool FROM_STATE>
void multiply_back(const Call &call, const Chunk<C> &chunk, int64_t first, int64_t rows,
                   const float *packed, int64_t quads, float *out, int64_t out_row) {
  if (call.keep)
    return multiply_back_kept<C, FROM_STATE>(call, chunk, first, rows, packed, quads, out, out_row);
  constexpr int64_t EACH = WIDE * LANES;
  int64_t columns = FROM_STATE ? call.units : call.features;
  for (; quads > 0; --quads, columns -= EACH, out += EACH) {
    const auto quad = columns > 2 * LANES ? multiply_quad<C, FROM_STATE, WIDE>
                      : columns > LANES   ? multiply_quad<C, FROM_STATE, 2>
                                          : multiply_quad<C, FROM_STATE, 1>;
    quad(chunk, first, rows, packed, out, out_row);
    packed += chunk.size.panels * chunk.size.WEIGHTS * EACH;
  }
}

// gradients += inputsᵀ d, for one panel and `count` inputs from `inputs` on.
template <class C, bool FROM_STATE, bool KEEP>
void multiply_across(const Chunk<C> &chunk, const float *d, const float *inputs, int64_t count,
                     float *gradients) {
  const Sizes<C> &size = chunk.size;
  tiles(count, [&](auto n, int64_t k) {
    constexpr int N = decltype(n)::value;
    float *target = gradients + k * size.WEIGHTS;
    Vec sums[N][C::VECTORS];
#pragma GCC unroll 8
    for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < C::VECTORS; ++v) sums[r][v] = load(target + r * size.WEIGHTS + v * LANES);
    const float *from = d, *x_row = inputs + k;
    for (int64_t row = 0; row < chunk.index.rows; ++row, from += size.RESULTS, x_row += size.row) {
      Vec x[N];
#pragma GCC unroll 8
      for (int v = 0; v < C::VECTORS; ++v) {
        if (KEEP || v == 0)
#pragma GCC unroll 8
          for (int r = 0; r < N; ++r) x[r] = broadcast(x_row[KEEP * size.gate(v) * size.pair + r]);
        const Vec w = load(from + C::sum(FROM_STATE, v) * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < N; ++r) sums[r][v] += x[r] * w;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < C::VECTORS; ++v) store(target + r * size.WEIGHTS + v * LANES, sums[r][v]);
  });
}

template <class C>
void add_dx(const Call &call, const Chunk<C> &chunk, const float *packed) {
  const Sizes<C> &size = chunk.size;
  multiply_back<C, false>(call, chunk, 0, chunk.index.rows,
                          packed + size.state_quads * size.panels * size.WEIGHTS * WIDE * LANES,
                          size.input_quads, chunk.index.dx, size.input_quads * WIDE * LANES);
  if constexpr (!C::LAST) add_dx(call, chunk.then(call), packed + transposed_of<C>(call));
}

// What lanes add up by themselves, as the weights are packed.
template <class C>
void add_gradients(const Call &call, const Chunk<C> &chunk, float *gradients) {
  const Sizes<C> &size = chunk.size;
  float *to = gradients, *biases = gradients + size.panels * size.inputs * size.WEIGHTS;
  for (int64_t panel = 0; panel < size.panels; ++panel) {
    const float *d = chunk.d_of(panel, 0);
    const float *h = chunk.inputs + size.pairs, *x = h + size.padded;
    (call.keep ? multiply_across<C, true, true> : multiply_across<C, true, false>)(
        chunk, d, h, size.units, to);
    to += size.units * size.WEIGHTS;
    (call.keep ? multiply_across<C, false, true> : multiply_across<C, false, false>)(
        chunk, d, x, size.features, to);
    to += size.features * size.WEIGHTS;
    for (int v = 0; v < C::SUMS; ++v, biases += LANES) {
      Vec sum = load(biases);
      for (int64_t row = 0; row < chunk.index.rows; ++row)
        sum += load(d + row * size.RESULTS + v * LANES);
      store(biases, sum);
    }
  }
  if constexpr (!C::LAST) add_gradients(call, chunk.then(call), gradients + weights_of<C>(call));
}

// dx, and the chunk's part of the weights' gradients; the chunk is empty afterwards.
template <class C>
void flush(const Call &call, const Chunk<C> &chunk, const float *packed, float *gradients) {
  ChunkIndex &index = chunk.index;
  const int64_t wide = chunk.size.input_quads * WIDE * LANES;
  zero(index.dx, index.rows * wide);
  add_dx(call, chunk, packed);
  for (int64_t row = 0; row < index.rows; ++row)
    copy(call.dx + index.places[row], index.dx + row * wide, call.features);
  add_gradients(call, chunk, gradients);
  index.rows = 0;
}

// What goes from step to step of a block's rows on the way back, and where they started.
struct Carry {
  float *dh, *dc, *h0, *c0, *next;
};

// Undo the gate functions of step s: d, and what it was multiplied by, at the end of the chunk.
template <class C>
INLINE void backward_step(const Call &call, const Chunk<C> &chunk, const Block &block, int64_t s,
                          int64_t rows, const Carry &carry) {
  const Sizes<C> &size = chunk.size;
  const int64_t wide = size.wide();
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t rank = block.rank(i), here = chunk.index.rows + i;
    if (C::LAST && call.d_outputs) read_outputs(call, rank, s, carry.dh + i * wide);
    const float *tape = call.tape + (s * call.batch + rank) * size.tape;
    const float *before = s > 0 ? tape - call.batch * size.tape : nullptr;
    if (s > 1) prefetch(before - call.batch * size.tape, size.tape);
    if (s > 0) prefetch(call.x + place_in_x(call, rank, s - 1), size.features);
    float *inputs = chunk.inputs + here * size.row;
    for (int64_t panel = 0; panel < size.panels; ++panel) {
      const int64_t unit = panel * size.UNITS, on_tape = panel * C::SAVED * LANES;
      const int64_t start = i * size.padded + unit;
      C::backward_step(tape + on_tape, before ? before + on_tape : nullptr, carry.h0 + start,
                       carry.c0 + start, carry.dh + i * wide + unit, carry.dc + i * wide + unit,
                       chunk.d_of(panel, here), inputs + unit, carry.next + start,
                       s + 1 == call.steps[rank]);
    }
    chunk.index.places[here] = place_in_x(call, rank, s);
    chunk.index.ranks[here] = rank;
    complete<C>(call, size, rank, chunk.index.places[here], inputs);
  }
}

template <class C>
void backward(const Call &call, const float *packed, int64_t lane, int64_t lanes, float *scratch,
              float *gradients) {
  const Sizes<C> size(call);
  const int64_t wide = size.wide();
  ChunkIndex index{scratch + chunk_of<C>(call), nullptr, nullptr, 0};
  index.places = reinterpret_cast<int64_t *>(index.dx + CHUNK * size.input_quads * WIDE * LANES);
  index.ranks = index.places + CHUNK;
  const Chunk<C> chunk(call, index, scratch);
  Carry carry{reinterpret_cast<float *>(index.ranks + CHUNK), nullptr, nullptr, nullptr, nullptr};
  carry.dc = carry.dh + BLOCK * wide, carry.h0 = carry.dc + BLOCK * wide;
  carry.c0 = carry.h0 + BLOCK * size.padded, carry.next = carry.c0 + BLOCK * size.padded;
  zero(gradients, weights<C>(call));

  blocks(call, lane, lanes, [&](const Block &block) {
    zero(carry.dh, BLOCK * (2 * wide + 2 * size.padded));
    for (int64_t i = 0; i < block.rows; ++i)  // steps not taken have no gradient
      if (call.features > 0 && call.steps[block.rank(i)] < call.timesteps)
        zero(call.dx + call.order[block.rank(i)] * call.timesteps * call.features,
             call.timesteps * call.features);
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t row = call.order[block.rank(i)] * call.units;
      copy(carry.dh + i * wide, call.d_last_h + row, call.units);
      copy(carry.h0 + i * size.padded, call.h + row, call.units);
      if (!call.c) continue;
      copy(carry.dc + i * wide, call.d_last_c + row, call.units);
      copy(carry.c0 + i * size.padded, call.c + row, call.units);
    }
    for (int64_t s = call.steps[block.rank(0)] - 1; s >= 0; --s) {
      const int64_t rows = active_rows(call, block, s);
      if (index.rows + rows > CHUNK) flush(call, chunk, packed, gradients);
      if constexpr (!C::LAST) {
        const auto then = chunk.then(call);
        backward_step(call, then, block, s, rows, carry);
        multiply_back<typename C::Then, true>(call, then, index.rows, rows,
                                              packed + transposed_of<C>(call), size.state_quads,
                                              carry.dc, wide);
      }
      backward_step(call, chunk, block, s, rows, carry);
      multiply_back<C, true>(call, chunk, index.rows, rows, packed, size.state_quads, carry.dh,
                             wide);
      index.rows += rows;
    }
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t rank = block.rank(i), row = call.order[rank] * call.units;
      if (call.d_outputs) read_outputs(call, rank, -1, carry.dh + i * wide);
      copy(call.dh + row, carry.dh + i * wide, call.units);
      if (call.c) copy(call.dc + row, carry.dc + i * wide, call.units);
    }
  });
  flush(call, chunk, packed, gradients);
}

// One panel's gradients, added up over the lanes and put where Keras has the weights.
template <class C, class All = C>
void reduce(const Call &call, int64_t panel, const float *gradients, int64_t lanes) {
  const Sizes<C> size(call);
  const int64_t columns = size.gates() * size.units, each = weights<All>(call);
  const auto add_up = [&](const float *from, float *to, int v) {
    const int64_t unit = size.unit(panel, v), some = min(LANES, size.units - unit);
    Vec sum = load(from);
    for (int64_t lane = 1; lane < lanes; ++lane) sum += load(from + lane * each);
    for (int64_t j = 0; j < some; ++j) to[size.gate(v) * size.units + unit + j] = sum[j];
  };
  const float *from = gradients + panel * size.inputs * size.WEIGHTS;
  for (int64_t k = 0; k < size.inputs; ++k)
    for (int v = 0; v < C::VECTORS; ++v, from += LANES)
      add_up(from,
             k < size.units ? call.d_recurrent_kernel + k * columns
                            : call.d_kernel + (k - size.units) * columns,
             v);
  from = gradients + size.panels * size.inputs * size.WEIGHTS + panel * size.RESULTS;
  for (int b = 0; b < C::BIASES; ++b)
    for (int v = 0; v < C::VECTORS; ++v)
      add_up(from + C::sum(b == 1, v) * LANES, call.d_bias + b * columns, v);
  if constexpr (!C::LAST)
    reduce<typename C::Then, All>(call, panel, gradients + weights_of<C>(call), lanes);
}

}  // namespace
}  // namespace recurra
