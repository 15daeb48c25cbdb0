// Forward and backward through time, for a processor with vectors of LANES floats.
//
//     forward, one step of one row          z = h U + x W + b, gate functions, new state
//     backward, one step of one row         d = what the loss says of z;  dh = carry + d Uᵀ
//     backward, some steps of some rows     dx = d Wᵀ,  dU += hᵀ d,  dW += xᵀ d,  db += Σ d
//
// A *panel* is the columns of [U; W] that make the gates of LANES units (where these are few, of a
// few times LANES units): its products stay in registers until the gate functions have been applied, so
// z never goes to memory. A *tile* is ROWS rows times one panel. A *lane* is the rows of one thread,
// which takes them through all timesteps by itself: no barrier in the loop. A *stage* is such a
// product and its gate functions: a step is one, but two where a gate acts on what is multiplied.
//
// This file is compiled once per instruction level, and uses nothing of the standard library that
// the linker could take from another level's copy.

#include "recurrence.h"

#include "adam.h"

#include <string.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#ifndef LEVEL
#define LEVEL portable
#endif
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

namespace recurra {
namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16, ROWS = 6;  // 32 registers: 6 × 4 sums
#elif defined(__AVX__)
constexpr int LANES = 8, ROWS = 3;  // 16 registers: 3 × 4 sums
#elif defined(__aarch64__)
constexpr int LANES = 4, ROWS = 6;
#else
constexpr int LANES = 4, ROWS = 3;
#endif

constexpr int WIDE = 4;              // vectors in a panel of the way back
constexpr int64_t BLOCK = 48;        // rows taken through a step together: their weights are read once
constexpr int64_t CHUNK = 128;       // rows · steps whose d is kept for the products of the way back
constexpr int64_t NEAR = 24 * 1024;  // bytes of a panel that may stay in the first cache

typedef float Vec __attribute__((vector_size(4 * LANES)));
typedef float Loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define INLINE inline __attribute__((always_inline))

INLINE Vec load(const float *from) { return *reinterpret_cast<const Loose *>(from); }
INLINE void store(float *to, Vec v) { *reinterpret_cast<Loose *>(to) = v; }
INLINE Vec all(float x) { return x - Vec{}; }
INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t cover(int64_t n, int64_t by) { return (n + by - 1) / by; }

INLINE void copy(float *to, const float *from, int64_t count) {
  int64_t j = 0;
  for (; j + LANES <= count; j += LANES) store(to + j, load(from + j));
  for (; j < count; ++j) to[j] = from[j];
}

// p / q, for a q that is neither very small nor very large. A division of 16 lanes takes as long as
// the products of an input or two; a reciprocal of 14 bits and one step of Newton's do not.
INLINE Vec over(Vec p, Vec q) {
#ifdef __AVX512F__
  const Vec r = reinterpret_cast<Vec>(_mm512_maskz_rcp14_ps(0xffff, reinterpret_cast<__m512>(q)));
  const Vec guess = p * r;
  return guess + r * (p - q * guess);
#else
  return p / q;
#endif
}

// An odd polynomial over an even one, within 3 units in the last place; not-a-number stays.
INLINE Vec tanh(Vec x) {
  const Vec end = all(7.90531110763549805f);
  x = x > end ? end : x;
  x = x < -end ? -end : x;
  const Vec y = x * x;
  Vec p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * y + -8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  Vec q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return over(x * p, q);
}

INLINE Vec sigmoid(Vec x) { return tanh(x * 0.5f) * 0.5f + 0.5f; }

// Each cell says how its weights make a panel and what happens at the end of a product.
//   VECTORS   weight vectors of a panel        GROUPS  vectors of units in a panel
//   SUMS      sums kept for them               SAVED   vectors on the tape
//   GATES     gates in Keras' kernels          FIRST   the one of vector 0
//   STATES    h, and c for an LSTM             BIASES  rows of them
//   LAST      whether this makes the new state, or what a stage `Then` is to read, with x
//   sum(from_state, v)                         the sum to which weight vector v adds
//   finish(z, h, h', c, tape)                  the new state, from the sums
//   unwind(tape, before, h0, c0, dh, dc, d, h, next, first)
//                                              dh and dc of the step before, d, and that step's h;
//                                              `next` takes a number a unit to that step, the first
//                                              to be unwound finds nothing there

struct Whole {  // a step of one stage
  static constexpr int FIRST = 0, STATES = 1;
  static constexpr bool LAST = true;
};

struct LSTM : Whole {  // sums i f g o, tape i f g o c
  static constexpr int VECTORS = 4, SUMS = 4, GROUPS = 1, SAVED = 5, BIASES = 1, GATES = 4;
  static constexpr int STATES = 2;
  static constexpr int sum(bool, int v) { return v; }

  static INLINE void finish(const Vec *z, const float *, float *h, float *c, float *tape) {
    const Vec i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh(z[2]), o = sigmoid(z[3]);
    const Vec carry = f * load(c) + i * g;
    store(c, carry);
    store(h, o * tanh(carry));
    if (tape) {
      store(tape, i), store(tape + LANES, f), store(tape + 2 * LANES, g);
      store(tape + 3 * LANES, o), store(tape + 4 * LANES, carry);
    }
  }

  static INLINE void unwind(const float *tape, const float *before, const float *h0,
                            const float *c0, float *dh, float *dc, float *d, float *h, float *next,
                            bool first) {
    const Vec i = load(tape), f = load(tape + LANES), g = load(tape + 2 * LANES);
    const Vec o = load(tape + 3 * LANES);
    const Vec squashed = first ? tanh(load(tape + 4 * LANES)) : load(next);
    const Vec c = load(before ? before + 4 * LANES : c0);
    if (before) {
      const Vec earlier = tanh(c);
      store(next, earlier);
      store(h, load(before + 3 * LANES) * earlier);
    } else {
      store(h, load(h0));
    }
    const Vec gradient = load(dh);
    const Vec carry = load(dc) + gradient * o * (1 - squashed * squashed);
    store(d, carry * g * i * (1 - i));
    store(d + LANES, carry * c * f * (1 - f));
    store(d + 2 * LANES, carry * i * (1 - g * g));
    store(d + 3 * LANES, gradient * squashed * o * (1 - o));
    store(dc, carry * f);
    store(dh, Vec{});
  }
};

struct GRU : Whole {  // sums z r n(x) n(h), tape z r n n(h) h; the reset gate acts on the product
  static constexpr int VECTORS = 3, SUMS = 4, GROUPS = 1, SAVED = 5, BIASES = 2, GATES = 3;
  static constexpr int sum(bool from_state, int v) { return from_state && v == 2 ? 3 : v; }

  static INLINE void finish(const Vec *s, const float *old, float *h, float *, float *tape) {
    const Vec z = sigmoid(s[0]), r = sigmoid(s[1]), n = tanh(s[2] + r * s[3]);
    const Vec state = z * (load(old) - n) + n;
    store(h, state);
    if (tape) {
      store(tape, z), store(tape + LANES, r), store(tape + 2 * LANES, n);
      store(tape + 3 * LANES, s[3]), store(tape + 4 * LANES, state);
    }
  }

  static INLINE void unwind(const float *tape, const float *before, const float *h0, const float *,
                            float *dh, float *, float *d, float *h, float *, bool) {
    const Vec z = load(tape), r = load(tape + LANES), n = load(tape + 2 * LANES);
    const Vec old = load(before ? before + 4 * LANES : h0), gradient = load(dh);
    const Vec dn = gradient * (1 - z) * (1 - n * n);
    store(h, old);
    store(d, gradient * (old - n) * z * (1 - z));
    store(d + LANES, dn * load(tape + 3 * LANES) * r * (1 - r));
    store(d + 2 * LANES, dn);
    store(d + 3 * LANES, dn * r);
    store(dh, gradient * z);
  }
};

struct SimpleRNN : Whole {  // a panel is as many units as there are sums
  static constexpr int VECTORS = LANES == 16 ? 2 : 4;
  static constexpr int SUMS = VECTORS, GROUPS = VECTORS, SAVED = VECTORS, BIASES = 1, GATES = 1;
  static constexpr int sum(bool, int v) { return v; }

  static INLINE void finish(const Vec *z, const float *, float *h, float *, float *tape) {
    for (int v = 0; v < VECTORS; ++v) {
      const Vec state = tanh(z[v]);
      store(h + v * LANES, state);
      if (tape) store(tape + v * LANES, state);
    }
  }

  static INLINE void unwind(const float *tape, const float *before, const float *h0, const float *,
                            float *dh, float *, float *d, float *h, float *, bool) {
    for (int v = 0; v < VECTORS; ++v) {
      const Vec state = load(tape + v * LANES);
      store(h + v * LANES, load((before ? before : h0) + v * LANES));
      store(d + v * LANES, load(dh + v * LANES) * (1 - state * state));
      store(dh + v * LANES, Vec{});
    }
  }
};

// A GRU whose reset gate acts before the product, in two stages: `Gates` reads [h, x] and gives r h,
// `Candidate` reads [r h, x] and makes the new state where the old one is. Where an LSTM has c, one
// finds z there, and on the way back what the loss says of r h. Tape z r n h, each of a panel's groups.

struct ResetFirst {
  static constexpr int GROUPS = 2, SAVED = 4 * GROUPS, BIASES = 1, GATES = 3, STATES = 1;
  static constexpr int Z = 0, R = GROUPS * LANES, N = 2 * R, H = 3 * R;  // on the tape
  static constexpr int sum(bool, int v) { return v; }
};

struct Candidate : ResetFirst {
  static constexpr int VECTORS = GROUPS, SUMS = VECTORS, FIRST = 2;
  static constexpr bool LAST = true;

  static INLINE void finish(const Vec *s, const float *, float *h, float *z, float *tape) {
    for (int g = 0; g < GROUPS; ++g, h += LANES, z += LANES) {
      const Vec n = tanh(s[g]), state = load(z) * (load(h) - n) + n;
      store(h, state);
      if (tape) store(tape + N + g * LANES, n), store(tape + H + g * LANES, state);
    }
  }

  static INLINE void unwind(const float *tape, const float *before, const float *h0, const float *,
                            float *dh, float *d_reset, float *d, float *reset, float *, bool) {
    for (int j = 0; j < GROUPS * LANES; j += LANES) {
      const Vec z = load(tape + Z + j), n = load(tape + N + j);
      store(reset + j, load(tape + R + j) * load((before ? before + H : h0) + j));
      store(d + j, load(dh + j) * (1 - z) * (1 - n * n));
      store(d_reset + j, Vec{});
    }
  }
};

struct Gates : ResetFirst {
  typedef Candidate Then;
  static constexpr int VECTORS = 2 * GROUPS, SUMS = VECTORS, FIRST = 0;
  static constexpr bool LAST = false;

  static INLINE void finish(const Vec *s, const float *h, float *reset, float *z, float *tape) {
    for (int g = 0; g < GROUPS; ++g) {
      const Vec update = sigmoid(s[g]), r = sigmoid(s[GROUPS + g]);
      store(z + g * LANES, update);
      store(reset + g * LANES, r * load(h + g * LANES));
      if (tape) store(tape + Z + g * LANES, update), store(tape + R + g * LANES, r);
    }
  }

  static INLINE void unwind(const float *tape, const float *before, const float *h0, const float *,
                            float *dh, float *d_reset, float *d, float *h, float *, bool) {
    for (int j = 0; j < GROUPS * LANES; j += LANES) {
      const Vec z = load(tape + Z + j), r = load(tape + R + j), n = load(tape + N + j);
      const Vec old = load((before ? before + H : h0) + j);
      const Vec gradient = load(dh + j), of_reset = load(d_reset + j);
      store(h + j, old);
      store(d + j, gradient * (old - n) * z * (1 - z));
      store(d + R + j, of_reset * old * r * (1 - r));
      store(dh + j, gradient * z + of_reset * r);
    }
  }
};

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
        panels(cover(units, UNITS)),
        padded(panels * UNITS),
        pair(padded + features),
        pairs(call.keep ? padded : 0),
        row((cover(call.keep ? padded + gates() * pair : pair, 16) | 1) * 16),
        state_quads(cover(units, WIDE * LANES)),
        input_quads(cover(features, WIDE * LANES)),
        tape(panels * C::SAVED * LANES) {}

  int64_t wide() const { return most(padded, state_quads * WIDE * LANES); }

  // Which gate and which unit a weight of a panel belongs to.
  static constexpr int64_t gate(int v) { return C::FIRST + v / C::GROUPS; }
  static int64_t unit(int64_t panel, int v) { return panel * UNITS + v % C::GROUPS * LANES; }
  static constexpr int64_t gates() { return C::GATES; }
};

template <int N>
struct Rows {
  static constexpr int value = N;
};

// Cut rows into tiles; four left over are better as two and two than as three and one.
template <class Work>
INLINE void tiles(int64_t rows, Work work) {
  int64_t first = 0;
  while (rows - first >= ROWS && (ROWS != 3 || rows - first != 4))
    work(Rows<ROWS>{}, first), first += ROWS;
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
          x[i] = all(inputs[i * size.row + KEEP * size.gate(v) * size.pair + k]);
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

// Read ahead what a row needs in a step to come: it lies where no processor looks by itself.
INLINE void fetch(const float *from, int64_t count) {
  for (int64_t j = 0; j < count; j += 16) __builtin_prefetch(from + j);
}

// Put x into a row of inputs, whose h is there already.
template <class C>
INLINE void complete(const Call &call, const Sizes<C> &size, int64_t rank, int64_t place, float *row) {
  if (call.keep)
    drop<C>(size, call.x + place,
            call.keep + call.order[rank] * size.gates() * size.inputs, row);
  else
    copy(row + size.padded, call.x + place, size.features);
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

// The weights as panels: [panel][input of h, then of x][vector][lane]; then biases [panel][sum][lane].
template <class C>
void pack(const Call &call, int64_t panel, float *packed) {
  const Sizes<C> size(call);
  const int64_t columns = size.gates() * size.units;
  float *to = packed + panel * size.inputs * size.WEIGHTS;
  for (int64_t k = 0; k < size.inputs; ++k)
    for (int v = 0; v < C::VECTORS; ++v, to += LANES) {
      const float *from = k < size.units ? call.recurrent_kernel + k * columns
                                         : call.kernel + (k - size.units) * columns;
      const int64_t unit = size.unit(panel, v), some = least(LANES, size.units - unit);
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

// The rows of one lane, cut into blocks of about equal size.
struct Block {
  int64_t lane, lanes, first, rows;
  int64_t rank(int64_t i) const { return lane + (first + i) * lanes; }
};

template <class Work>
INLINE void blocks(const Call &call, int64_t lane, int64_t lanes, Work work) {
  const int64_t rows = cover(call.batch - lane, lanes);
  if (rows <= 0) return;
  const int64_t each = cover(rows, cover(rows, BLOCK));
  for (int64_t first = 0; first < rows; first += each)
    work(Block{lane, lanes, first, least(each, rows - first)});
}

// How many rows of the block take step s.
INLINE int64_t at_work(const Call &call, const Block &block, int64_t s) {
  int64_t rows = block.rows;
  while (rows > 0 && call.steps[block.rank(rows - 1)] <= s) --rows;
  return rows;
}

INLINE int64_t time_of(const Call &call, int64_t rank, int64_t s) {
  return call.times[rank * call.timesteps + s];
}

// The place in x of the step a row takes: processed backwards, the first is the last.
INLINE int64_t place_in_x(const Call &call, int64_t rank, int64_t s) {
  const int64_t time = time_of(call, rank, s);
  const int64_t place = call.go_backwards ? call.timesteps - 1 - time : time;
  return (call.order[rank] * call.timesteps + place) * call.features;
}

// Outputs from step s of a row up to its next step; before the first step (-1) they are the start.
INLINE int64_t span(const Call &call, int64_t rank, int64_t s, int64_t *until) {
  *until = s + 1 < call.steps[rank] ? time_of(call, rank, s + 1) : call.timesteps;
  return s < 0 ? 0 : time_of(call, rank, s);
}

INLINE void write_outputs(const Call &call, int64_t rank, int64_t s, const float *h) {
  int64_t until, time = span(call, rank, s, &until);
  float *to = call.outputs + (call.order[rank] * call.timesteps + time) * call.units;
  for (; time < until; ++time, to += call.units) copy(to, h, call.units);
}

template <class C>
int64_t scratch(const Call &call) {
  const Sizes<C> size(call);
  return BLOCK * (2 * size.row + size.padded + size.RESULTS);
}

template <class C, bool KEEP>
void step(const Sizes<C> &size, const float *packed, int64_t rows, const float *inputs, float *next,
          float *c, float *partial, float *tape, int64_t tape_row) {
  constexpr int64_t NEAR_INPUTS = NEAR / (4 * C::VECTORS * LANES);
  const float *biases = packed + size.panels * size.inputs * size.WEIGHTS;
  for (int64_t panel = 0; panel < size.panels; ++panel) {
    const int64_t unit = panel * size.UNITS;
    const float *weights = packed + panel * size.inputs * size.WEIGHTS;
    const float *start = biases + panel * size.RESULTS;
    int64_t start_row = 0;
    for (int64_t from = 0, to; from < size.inputs; from = to) {
      to = size.inputs - from <= NEAR_INPUTS * 3 / 2 ? size.inputs : from + NEAR_INPUTS;
      const int64_t of_h = most(0, least(to, size.units) - from);
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
        const float *x = row + size.pairs + size.padded + most(0, from - size.units);
        multiply<C, true, KEEP>(sums, size, h, w, of_h);
        multiply<C, false, KEEP>(sums, size, x, w + of_h * size.WEIGHTS, of_x);
        for (int r = 0; r < N; ++r)
          if (to < size.inputs)
            for (int v = 0; v < C::SUMS; ++v)
              store(partial + (i + r) * size.RESULTS + v * LANES, sums[r][v]);
          else
            C::finish(sums[r], row + r * size.row + unit, next + (i + r) * size.row + unit,
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
INLINE void advance(const Call &call, const Sizes<C> &size, const Block &block, int64_t s,
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
    advance(call, then, block, s, rows, packed + weights_of<C>(call), next, now, c, partial);
  }
}

template <class C>
void forward(const Call &call, const float *packed, int64_t lane, int64_t lanes, float *scratch) {
  const Sizes<C> size(call);
  blocks(call, lane, lanes, [&](const Block &block) {
    float *now = scratch, *next = now + BLOCK * size.row;
    float *c = next + BLOCK * size.row, *partial = c + BLOCK * size.padded;
    memset(scratch, 0, 4 * (partial - scratch));
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t rank = block.rank(i), row = call.order[rank] * call.units;
      copy(now + i * size.row, call.h + row, call.units);
      if (call.c) copy(c + i * size.padded, call.c + row, call.units);
      if (call.outputs) write_outputs(call, rank, -1, call.h + row);
    }
    int64_t rows = block.rows;
    for (int64_t s = 0; rows > 0; ++s) {
      const int64_t still = at_work(call, block, s);
      for (int64_t i = still; i < rows; ++i) {  // these have taken their last step
        const int64_t row = call.order[block.rank(i)] * call.units;
        copy(call.last_h + row, now + i * size.row, call.units);
        if (call.c) copy(call.last_c + row, c + i * size.padded, call.units);
      }
      rows = still;
      advance(call, size, block, s, rows, packed, now, next, c, partial);
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
    const int64_t some = least(WIDE * LANES, (of_h ? size.units : size.features) - first);
    const float *from = (of_h ? call.recurrent_kernel : call.kernel) + first * columns;
    float *to = packed + (quad * size.panels + panel) * size.WEIGHTS * WIDE * LANES;
    memset(to, 0, 4 * size.WEIGHTS * WIDE * LANES);
    for (int v = 0; v < C::VECTORS; ++v, to += LANES * WIDE * LANES) {
      const int64_t unit = size.unit(panel, v), column = size.gate(v) * size.units + unit;
      const int64_t real = least(LANES, size.units - unit);
      for (int64_t k = 0; k < some; ++k)
        for (int64_t j = 0; j < real; ++j) to[j * WIDE * LANES + k] = from[k * columns + column + j];
    }
  }
  if constexpr (!C::LAST)
    pack_back<typename C::Then>(call, panel, packed + transposed_of<C>(call));
}

// Some steps of some rows of the way back: where their x lies, whose they are, and their dx.
struct Taken {
  float *dx;
  int64_t *places, *ranks;
  int64_t rows;
};

// What a stage had and gives in those steps: [h | x] of each, and d as [panel][row][sum][lane].
template <class C>
struct Chunk {
  const Sizes<C> size;
  Taken &taken;
  float *inputs, *d;

  Chunk(const Call &call, Taken &taken, float *scratch)
      : size(call), taken(taken), inputs(scratch), d(inputs + CHUNK * size.row) {}
  float *d_of(int64_t panel, int64_t row) const { return d + (panel * CHUNK + row) * size.RESULTS; }
  float *end() const { return d_of(size.panels, 0); }
  auto then(const Call &call) const { return Chunk<typename C::Then>(call, taken, end()); }
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
                for (int r = 0; r < N; ++r) sums[r][v] += all(d[r * size.RESULTS + j]) * wide;
              }
          }
        for (int r = 0; r < N; ++r) {
          float product[EACH], *target = out + (i + r) * out_row + quad * EACH;
          for (int v = 0; v < WIDE; ++v) store(product + v * LANES, sums[r][v]);
          const int64_t row = call.order[chunk.taken.ranks[first + i + r]] * size.gates() + gate;
          const float *keep =
              call.keep + row * size.inputs + (FROM_STATE ? 0 : size.units) + quad * EACH;
          for (int64_t j = 0; j < least(EACH, columns - quad * EACH); ++j)
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
  const int64_t near = most(1, NEAR / (4 * size.WEIGHTS * EACH));
  for (int64_t from = 0; from < size.panels; from += near) {
    const int64_t to = least(size.panels, from + near);
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
            for (int r = 0; r < N; ++r) x[r] = all(d[r * size.RESULTS + j]);
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
    for (int64_t row = 0; row < chunk.taken.rows; ++row, from += size.RESULTS, x_row += size.row) {
      Vec x[N];
#pragma GCC unroll 8
      for (int v = 0; v < C::VECTORS; ++v) {
        if (KEEP || v == 0)
#pragma GCC unroll 8
          for (int r = 0; r < N; ++r) x[r] = all(x_row[KEEP * size.gate(v) * size.pair + r]);
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
  multiply_back<C, false>(call, chunk, 0, chunk.taken.rows,
                          packed + size.state_quads * size.panels * size.WEIGHTS * WIDE * LANES,
                          size.input_quads, chunk.taken.dx, size.input_quads * WIDE * LANES);
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
      for (int64_t row = 0; row < chunk.taken.rows; ++row)
        sum += load(d + row * size.RESULTS + v * LANES);
      store(biases, sum);
    }
  }
  if constexpr (!C::LAST) add_gradients(call, chunk.then(call), gradients + weights_of<C>(call));
}

// dx, and the chunk's part of the weights' gradients; the chunk is empty afterwards.
template <class C>
void settle(const Call &call, const Chunk<C> &chunk, const float *packed, float *gradients) {
  Taken &taken = chunk.taken;
  const int64_t wide = chunk.size.input_quads * WIDE * LANES;
  memset(taken.dx, 0, 4 * taken.rows * wide);
  add_dx(call, chunk, packed);
  for (int64_t row = 0; row < taken.rows; ++row)
    copy(call.dx + taken.places[row], taken.dx + row * wide, call.features);
  add_gradients(call, chunk, gradients);
  taken.rows = 0;
}

// The gradient that reaches a row's step from outside: of every output that repeats its h.
INLINE void read_outputs(const Call &call, int64_t rank, int64_t s, float *dh) {
  int64_t until, time = span(call, rank, s, &until);
  const float *from = call.d_outputs + (call.order[rank] * call.timesteps + time) * call.units;
  for (; time < until; ++time, from += call.units)
    for (int64_t j = 0; j < call.units; ++j) dh[j] += from[j];
}

// What goes from step to step of a block's rows on the way back, and where they started.
struct Carry {
  float *dh, *dc, *h0, *c0, *next;
};

// Undo the gate functions of step s: d, and what it was multiplied by, at the end of the chunk.
template <class C>
INLINE void unwind(const Call &call, const Chunk<C> &chunk, const Block &block, int64_t s,
                   int64_t rows, const Carry &carry) {
  const Sizes<C> &size = chunk.size;
  const int64_t wide = size.wide();
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t rank = block.rank(i), here = chunk.taken.rows + i;
    if (C::LAST && call.d_outputs) read_outputs(call, rank, s, carry.dh + i * wide);
    const float *tape = call.tape + (s * call.batch + rank) * size.tape;
    const float *before = s > 0 ? tape - call.batch * size.tape : nullptr;
    if (s > 1) fetch(before - call.batch * size.tape, size.tape);
    if (s > 0) fetch(call.x + place_in_x(call, rank, s - 1), size.features);
    float *inputs = chunk.inputs + here * size.row;
    for (int64_t panel = 0; panel < size.panels; ++panel) {
      const int64_t unit = panel * size.UNITS, on_tape = panel * C::SAVED * LANES;
      const int64_t start = i * size.padded + unit;
      C::unwind(tape + on_tape, before ? before + on_tape : nullptr, carry.h0 + start,
                carry.c0 + start, carry.dh + i * wide + unit, carry.dc + i * wide + unit,
                chunk.d_of(panel, here), inputs + unit, carry.next + start,
                s + 1 == call.steps[rank]);
    }
    chunk.taken.places[here] = place_in_x(call, rank, s);
    chunk.taken.ranks[here] = rank;
    complete<C>(call, size, rank, chunk.taken.places[here], inputs);
  }
}

template <class C>
void backward(const Call &call, const float *packed, int64_t lane, int64_t lanes, float *scratch,
              float *gradients) {
  const Sizes<C> size(call);
  const int64_t wide = size.wide();
  Taken taken{scratch + chunk_of<C>(call), nullptr, nullptr, 0};
  taken.places = reinterpret_cast<int64_t *>(taken.dx + CHUNK * size.input_quads * WIDE * LANES);
  taken.ranks = taken.places + CHUNK;
  const Chunk<C> chunk(call, taken, scratch);
  Carry carry{reinterpret_cast<float *>(taken.ranks + CHUNK), nullptr, nullptr, nullptr, nullptr};
  carry.dc = carry.dh + BLOCK * wide, carry.h0 = carry.dc + BLOCK * wide;
  carry.c0 = carry.h0 + BLOCK * size.padded, carry.next = carry.c0 + BLOCK * size.padded;
  memset(gradients, 0, 4 * weights<C>(call));

  blocks(call, lane, lanes, [&](const Block &block) {
    memset(carry.dh, 0, 4 * BLOCK * (2 * wide + 2 * size.padded));
    for (int64_t i = 0; i < block.rows; ++i)  // steps not taken have no gradient
      if (call.features > 0 && call.steps[block.rank(i)] < call.timesteps)
        memset(call.dx + call.order[block.rank(i)] * call.timesteps * call.features, 0,
               4 * call.timesteps * call.features);
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t row = call.order[block.rank(i)] * call.units;
      copy(carry.dh + i * wide, call.d_last_h + row, call.units);
      copy(carry.h0 + i * size.padded, call.h + row, call.units);
      if (!call.c) continue;
      copy(carry.dc + i * wide, call.d_last_c + row, call.units);
      copy(carry.c0 + i * size.padded, call.c + row, call.units);
    }
    for (int64_t s = call.steps[block.rank(0)] - 1; s >= 0; --s) {
      const int64_t rows = at_work(call, block, s);
      if (taken.rows + rows > CHUNK) settle(call, chunk, packed, gradients);
      if constexpr (!C::LAST) {
        const auto then = chunk.then(call);
        unwind(call, then, block, s, rows, carry);
        multiply_back<typename C::Then, true>(call, then, taken.rows, rows,
                                              packed + transposed_of<C>(call), size.state_quads,
                                              carry.dc, wide);
      }
      unwind(call, chunk, block, s, rows, carry);
      multiply_back<C, true>(call, chunk, taken.rows, rows, packed, size.state_quads, carry.dh,
                             wide);
      taken.rows += rows;
    }
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t rank = block.rank(i), row = call.order[rank] * call.units;
      if (call.d_outputs) read_outputs(call, rank, -1, carry.dh + i * wide);
      copy(call.dh + row, carry.dh + i * wide, call.units);
      if (call.c) copy(call.dc + row, carry.dc + i * wide, call.units);
    }
  });
  settle(call, chunk, packed, gradients);
}

// One panel's gradients, added up over the lanes and put where Keras has the weights.
template <class C, class All = C>
void gather(const Call &call, int64_t panel, const float *gradients, int64_t lanes) {
  const Sizes<C> size(call);
  const int64_t columns = size.gates() * size.units, each = weights<All>(call);
  const auto add_up = [&](const float *from, float *to, int v) {
    const int64_t unit = size.unit(panel, v), some = least(LANES, size.units - unit);
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
    gather<typename C::Then, All>(call, panel, gradients + weights_of<C>(call), lanes);
}

// One row whose weights fill the caches many times over: they are read once a step, where Keras has
// them, because to pack them would take as long as some steps do. Only here are a row's sums shared
// out to threads, step by step: a *part* is some of the inputs, whose rows of weights lie together.

struct Range {
  int64_t from, to;
};

INLINE Range part_of(int64_t count, int64_t part, int64_t parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

// sums += inputs of `rows` times as many rows of weights.
INLINE void add_rows(float *sums, int64_t count, const float *inputs, const float *weights,
                     int64_t rows, int64_t stride) {
  constexpr int SOME = 8;
  int64_t k = 0;
  for (; k + SOME <= rows; k += SOME, weights += SOME * stride) {
    Vec x[SOME];
    for (int r = 0; r < SOME; ++r) x[r] = all(inputs[k + r]);
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
struct Single {
  Sizes<C> size;
  int64_t columns, sums;
  float *h, *c, *dh, *dc, *carried, *h0, *inputs, *d, *partial;

  Single(const Call &call, float *scratch)
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
  return Single<C>::floats(call, parts, back);
}

template <class C>
void single_start(const Call &call, bool back, float *scratch) {
  const Single<C> one(call, scratch);
  memset(scratch, 0, 4 * (one.inputs - scratch));
  copy(back ? one.h0 : one.h, call.h, call.units);
  if (call.c) copy(one.c, call.c, call.units);
  if (!back && call.outputs) write_outputs(call, 0, -1, call.h);
  if (!back) return;
  copy(one.dh, call.d_last_h, call.units);
  if (call.c) copy(one.dc, call.d_last_c, call.units);
  if (call.features > 0) memset(call.dx, 0, 4 * call.timesteps * call.features);
}

// What some inputs add to the sums.
template <class C>
void single_step(const Call &call, int64_t s, int64_t part, int64_t parts, float *scratch) {
  const Single<C> one(call, scratch);
  const int64_t units = call.units;
  const Range range = part_of(one.size.inputs, part, parts);
  float *const from_x = one.partial + part * one.reach(one.sums);
  float *const from_h = from_x + one.sums - one.columns;
  if (part == 0)
    copy(from_x, call.bias, one.sums);
  else
    memset(from_x, 0, 4 * one.sums);
  if (range.from < units)
    add_rows(from_h, one.columns, one.h + range.from,
             call.recurrent_kernel + range.from * one.columns,
             least(range.to, units) - range.from, one.columns);
  const int64_t first = most(range.from, units) - units;
  if (range.to > units)
    add_rows(from_x, one.columns, call.x + place_in_x(call, 0, s) + first,
             call.kernel + first * one.columns, range.to - units - first, one.columns);
}

// The step itself, once all parts are done; before the first (-1) nothing.
template <class C>
void single_stepped(const Call &call, int64_t s, int64_t parts, float *scratch) {
  const Single<C> one(call, scratch);
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
    C::finish(sums, one.h + first, one.h + first, one.c + first,
              tape ? tape + panel * C::SAVED * LANES : nullptr);
  }
  if (s >= 0 && call.outputs) write_outputs(call, 0, s, one.h);
  if (s + 1 < call.steps[0]) return;
  copy(call.last_h, one.h, call.units);
  if (call.c) copy(call.last_c, one.c, call.units);
}

template <class C>
void single_unwind(const Call &call, int64_t s, float *scratch) {
  const Single<C> one(call, scratch);
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
    C::unwind(tape + on_tape, before ? before + on_tape : nullptr, one.h0 + unit, one.c + unit,
              one.dh + unit, one.dc + unit, d, inputs + unit, one.carried + unit,
              s + 1 == call.steps[0]);
    for (int v = 0; v < C::VECTORS; ++v)
      for (int64_t j = 0; j < least(LANES, size.units - size.unit(panel, v)); ++j) {
        const int64_t column = size.gate(v) * size.units + size.unit(panel, v) + j;
        one.d_of(s, false)[column] = d[C::sum(false, v) * LANES + j];
        one.d_of(s, true)[column] = d[C::sum(true, v) * LANES + j];
      }
  }
  copy(inputs + size.padded, call.x + place_in_x(call, 0, s), size.features);
}

template <class C>
void single_back(const Call &call, int64_t s, int64_t part, int64_t parts, float *scratch) {
  const Single<C> one(call, scratch);
  const int64_t units = call.units;
  const Range range = part_of(one.size.inputs, part, parts);
  for (int64_t k = range.from; k < least(range.to, units); ++k)
    one.dh[k] += dot(call.recurrent_kernel + k * one.columns, one.d_of(s, true), one.columns);
  float *dx = call.dx + place_in_x(call, 0, s);
  for (int64_t k = most(range.from, units); k < range.to; ++k)
    dx[k - units] =
        dot(call.kernel + (k - units) * one.columns, one.d_of(s, false), one.columns);
}

// The weights' gradients, some inputs' rows of them, as they stand in Keras.
template <class C>
void single_gather(const Call &call, int64_t part, int64_t parts, float *scratch) {
  const Single<C> one(call, scratch);
  const Sizes<C> &size = one.size;
  const Range range = part_of(size.inputs, part, parts);
  const int64_t steps = call.steps[0];
  for (int64_t k = range.from; k < range.to; ++k) {
    const bool of_h = k < size.units;
    float *to = of_h ? call.d_recurrent_kernel + k * one.columns
                     : call.d_kernel + (k - size.units) * one.columns;
    memset(to, 0, 4 * one.columns);
    const float *inputs = one.inputs + (of_h ? k : size.padded + k - size.units);
    for (int64_t s = 0; s < steps; s += 8) {
      float x[8];
      const int64_t some = least(8, steps - s);
      for (int64_t r = 0; r < some; ++r) x[r] = inputs[(s + r) * size.row];
      add_rows(to, one.columns, x, one.d_of(s, of_h), some, one.sums);
    }
  }
  if (part > 0) return;
  memset(call.d_bias, 0, 4 * one.sums);
  for (int64_t s = 0; s < steps; ++s)
    for (int64_t j = 0; j < one.sums; ++j) call.d_bias[j] += one.d_of(s, false)[j];
}

template <class C>
constexpr recurra::Single single() {
  if constexpr (C::LAST)
    return {single_scratch<C>, single_start<C>, single_step<C>,  single_stepped<C>,
            single_unwind<C>,  single_back<C>,  single_gather<C>};
  else
    return {};
}

template <class C>
constexpr Cell cell() {
  return {C::GATES,     C::STATES,       C::BIASES,  parts<C>,        saved<C>,
          weights<C>,   packed_back<C>,  weights<C>, scratch<C>,      scratch_back<C>,
          pack<C>,      pack_back<C>,    forward<C>, backward<C>,     gather<C>,
          single<C>()};
}

}  // namespace

extern const Level LEVEL;
const Level LEVEL = {TEXT(LEVEL), cell<SimpleRNN>(), cell<LSTM>(), cell<GRU>(), cell<Gates>(), adam};

}  // namespace recurra
