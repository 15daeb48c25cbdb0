// The gates of each cell: what happens at the end of a product, and on the way back.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "vectors.h"

namespace recurra {
namespace {

// Each cell says how its weights make a panel and what happens at the end of a product.
//   VECTORS   weight vectors of a panel        GROUPS  vectors of units in a panel
//   SUMS      sums kept for them               SAVED   vectors on the tape
//   GATES     gates in Keras' kernels          FIRST   the one of vector 0
//   STATES    h, and c for an LSTM             BIASES  rows of them
//   LAST      whether this makes the new state, or what a stage `Then` is to read, with x
//   sum(from_state, v)                         the sum to which weight vector v adds
//   forward_step(z, h, h', c, tape)                  the new state, from the sums
//   backward_step(tape, before, h0, c0, dh, dc, d, h, next, first)
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

  static INLINE void forward_step(const Vec *z, const float *, float *h, float *c, float *tape) {
    const Vec i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh(z[2]), o = sigmoid(z[3]);
    const Vec carry = f * load(c) + i * g;
    store(c, carry);
    store(h, o * tanh(carry));
    if (tape) {
      store(tape, i), store(tape + LANES, f), store(tape + 2 * LANES, g);
      store(tape + 3 * LANES, o), store(tape + 4 * LANES, carry);
    }
  }

  static INLINE void backward_step(const float *tape, const float *before, const float *h0,
                                   const float *c0, float *dh, float *dc, float *d, float *h,
                                   float *next, bool first) {
    const Vec i = load(tape), f = load(tape + LANES), g = load(tape + 2 * LANES);
    const Vec o = load(tape + 3 * LANES);
    const Vec tanh_c = first ? tanh(load(tape + 4 * LANES)) : load(next);
    const Vec c = load(before ? before + 4 * LANES : c0);
    if (before) {
      const Vec earlier = tanh(c);
      store(next, earlier);
      store(h, load(before + 3 * LANES) * earlier);
    } else {
      store(h, load(h0));
    }
    const Vec gradient = load(dh);
    const Vec carry = load(dc) + gradient * o * (1 - tanh_c * tanh_c);
    store(d, carry * g * i * (1 - i));
    store(d + LANES, carry * c * f * (1 - f));
    store(d + 2 * LANES, carry * i * (1 - g * g));
    store(d + 3 * LANES, gradient * tanh_c * o * (1 - o));
    store(dc, carry * f);
    store(dh, Vec{});
  }
};

struct GRU : Whole {  // sums z r n(x) n(h), tape z r n n(h) h; the reset gate acts on the product
  static constexpr int VECTORS = 3, SUMS = 4, GROUPS = 1, SAVED = 5, BIASES = 2, GATES = 3;
  static constexpr int sum(bool from_state, int v) { return from_state && v == 2 ? 3 : v; }

  static INLINE void forward_step(const Vec *s, const float *old, float *h, float *, float *tape) {
    const Vec z = sigmoid(s[0]), r = sigmoid(s[1]), n = tanh(s[2] + r * s[3]);
    const Vec state = z * (load(old) - n) + n;
    store(h, state);
    if (tape) {
      store(tape, z), store(tape + LANES, r), store(tape + 2 * LANES, n);
      store(tape + 3 * LANES, s[3]), store(tape + 4 * LANES, state);
    }
  }

  static INLINE void backward_step(const float *tape, const float *before, const float *h0,
                                   const float *, float *dh, float *, float *d, float *h, float *,
                                   bool) {
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

  static INLINE void forward_step(const Vec *z, const float *, float *h, float *, float *tape) {
    for (int v = 0; v < VECTORS; ++v) {
      const Vec state = tanh(z[v]);
      store(h + v * LANES, state);
      if (tape) store(tape + v * LANES, state);
    }
  }

  static INLINE void backward_step(const float *tape, const float *before, const float *h0,
                                   const float *, float *dh, float *, float *d, float *h, float *,
                                   bool) {
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

  static INLINE void forward_step(const Vec *s, const float *, float *h, float *z, float *tape) {
    for (int g = 0; g < GROUPS; ++g, h += LANES, z += LANES) {
      const Vec n = tanh(s[g]), state = load(z) * (load(h) - n) + n;
      store(h, state);
      if (tape) store(tape + N + g * LANES, n), store(tape + H + g * LANES, state);
    }
  }

  static INLINE void backward_step(const float *tape, const float *before, const float *h0,
                                   const float *, float *dh, float *d_reset, float *d, float *reset,
                                   float *, bool) {
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

  static INLINE void forward_step(const Vec *s, const float *h, float *reset, float *z,
                                  float *tape) {
    for (int g = 0; g < GROUPS; ++g) {
      const Vec update = sigmoid(s[g]), r = sigmoid(s[GROUPS + g]);
      store(z + g * LANES, update);
      store(reset + g * LANES, r * load(h + g * LANES));
      if (tape) store(tape + Z + g * LANES, update), store(tape + R + g * LANES, r);
    }
  }

  static INLINE void backward_step(const float *tape, const float *before, const float *h0,
                                   const float *, float *dh, float *d_reset, float *d, float *h,
                                   float *, bool) {
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

}  // namespace
}  // namespace recurra
