// The rows of a lane, block by block, and where the inputs and outputs of their steps lie.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "panels.h"

namespace recurra {
namespace {

struct Range {
  int64_t from, to;
};

INLINE Range part_of(int64_t count, int64_t part, int64_t parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

// The rows of one lane, cut into blocks of about equal size.
struct Block {
  int64_t lane, lanes, first, rows;
  int64_t rank(int64_t i) const { return lane + (first + i) * lanes; }
};

template <class Work>
INLINE void blocks(const Call &call, int64_t lane, int64_t lanes, Work work) {
  const int64_t rows = ceil_div(call.batch - lane, lanes);
  if (rows <= 0) return;
  const int64_t each = ceil_div(rows, ceil_div(rows, BLOCK));
  for (int64_t first = 0; first < rows; first += each)
    work(Block{lane, lanes, first, min(each, rows - first)});
}

// How many rows of the block take step s.
INLINE int64_t active_rows(const Call &call, const Block &block, int64_t s) {
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

INLINE void write_outputs(const Call &call, int64_t rank, int64_t s, Range units, const float *h) {
  int64_t until, time = span(call, rank, s, &until);
  float *to = call.outputs + (call.order[rank] * call.timesteps + time) * call.units + units.from;
  for (; time < until; ++time, to += call.units) copy(to, h + units.from, units.to - units.from);
}

// The gradient that reaches a row's step from outside: of every output that repeats its h.
INLINE void read_outputs(const Call &call, int64_t rank, int64_t s, float *dh) {
  int64_t until, time = span(call, rank, s, &until);
  const float *from = call.d_outputs + (call.order[rank] * call.timesteps + time) * call.units;
  for (; time < until; ++time, from += call.units)
    for (int64_t j = 0; j < call.units; ++j) dh[j] += from[j];
}

// Put x into a row of inputs, whose h is there already.
template <class C>
INLINE void complete(const Call &call, const Sizes<C> &size, int64_t rank, int64_t place,
                     float *row) {
  if (call.keep)
    drop<C>(size, call.x + place,
            call.keep + call.order[rank] * size.gates() * size.inputs, row);
  else
    copy(row + size.padded, call.x + place, size.features);
}

}  // namespace
}  // namespace recurra
