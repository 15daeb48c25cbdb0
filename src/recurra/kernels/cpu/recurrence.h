// What the handlers (compiled once) and the recurrences (compiled per instruction level) share.
#pragma once

#include <stdint.h>

namespace recurra {

// One layer over one batch. Arrays are dense and row-major, in Keras' own layouts.
struct Call {
  int64_t batch, timesteps, features, units;
  bool go_backwards;

  const float *x;       // (batch, timesteps, features)
  const float *h, *c;   // (batch, units), where the state starts; c for an LSTM only
  const float *kernel, *recurrent_kernel, *bias;
  const float *keep;    // (batch, gates, units + features), dropout: what multiplies h and x; or null

  // The schedule. A masked step changes nothing, so it is not taken: a row is the list of the steps
  // it does take, and rows stand by falling number of steps, so that those at work come first.
  const int32_t *order;  // (batch,) rank to row
  const int32_t *steps;  // (batch,) how many steps the row of this rank takes
  const int32_t *times;  // (batch, timesteps) when it takes them, counted as they are processed

  float *outputs;          // (batch, timesteps, units), or null
  float *last_h, *last_c;  // (batch, units)
  float *tape;             // what the way back needs, (timesteps, batch, ·), or null

  const float *d_outputs;             // or null
  const float *d_last_h, *d_last_c;
  float *dx, *dh, *dc, *d_kernel, *d_recurrent_kernel, *d_bias;
};

// A batch of one row with large weights: each step is cut into parts, which its threads share.
struct Single {
  int64_t (*scratch)(const Call &, int64_t parts, bool back);
  void (*start)(const Call &, bool back, float *scratch);
  void (*step)(const Call &, int64_t step, int64_t part, int64_t parts, float *scratch);
  void (*stepped)(const Call &, int64_t step, int64_t parts, float *scratch);
  void (*backward_step)(const Call &, int64_t step, float *scratch);
  void (*back)(const Call &, int64_t step, int64_t part, int64_t parts, float *scratch);
  void (*reduce)(const Call &, int64_t part, int64_t parts, float *scratch);
};

// A batch of few rows, whose steps threads share, each some panels; with packed weights, as there.
struct Crew {
  int64_t (*scratch)(const Call &, int64_t parts);
  void (*begin)(const Call &, float *scratch);
  void (*take)(const Call &, const float *packed, int64_t step, int64_t part, int64_t parts,
               float *scratch);
};

// One cell at one instruction level. Sizes are in floats. Work is cut into lanes, which share
// nothing but what they read; packing and adding up are cut into parts, panels of units.
struct Cell {
  int64_t gates, states, biases;
  int64_t (*parts)(const Call &);
  int64_t (*saved)(const Call &);  // for one step of one row, on the tape
  int64_t (*packed)(const Call &);
  int64_t (*packed_back)(const Call &);
  int64_t (*gradients)(const Call &);
  int64_t (*scratch)(const Call &);
  int64_t (*scratch_back)(const Call &);
  void (*pack)(const Call &, int64_t part, float *packed);
  void (*pack_back)(const Call &, int64_t part, float *packed);
  void (*forward)(const Call &, const float *packed, int64_t lane, int64_t lanes, float *scratch);
  void (*backward)(const Call &, const float *packed, int64_t lane, int64_t lanes, float *scratch,
                   float *gradients);
  void (*reduce)(const Call &, int64_t part, const float *gradients, int64_t lanes);
  Single single;  // of null pointers where there is no such way
  Crew crew;      // likewise
};

struct Adam {
  float rate;                            // corrected: see adam.h
  float toward_gradient, toward_square;  // 1 - β₁, 1 - β₂
  float epsilon;
};

struct Level {
  const char *name;
  Cell simple_rnn, lstm, gru, gru_reset_first;
  void (*adam)(const Adam &, const float *gradient, float *value, float *m, float *v,
               int64_t count);
};

}  // namespace recurra
