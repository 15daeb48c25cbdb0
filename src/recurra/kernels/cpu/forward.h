// Forward through time.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include "blocks.h"

namespace recurra {
namespace {

constexpr int64_t AHEAD = 12;  // steps whose x is multiplied at once
constexpr int64_t ALONE = 2;   // rows at most whose steps take as long as reading the weights

// What a block's rows are in the middle of. Of two rows of inputs a step reads one and writes the
// other's h, where a single stage makes it. Of `ALONE` rows the products of x, which wait for no state,
// are made for some steps at once, `ahead`, so that their weights are read once for all of these.
template <class C>
struct Desk {
  const Sizes<C> size;
  const Block block;
  float *const inputs, *const others, *const c, *const partial, *const ahead, *const x;

  Desk(const Call &call, const Block &rows, int64_t room, int64_t parts, float *scratch)
      : size(call), block(rows), inputs(scratch), others(inputs + room * size.row),
        c(others + room * size.row), partial(c + room * size.padded),
        ahead(partial + parts * room * size.RESULTS),
        x(ahead + AHEAD * ALONE * size.panels * size.RESULTS) {}
  static int64_t floats(const Call &call, int64_t room, int64_t parts) {
    const Sizes<C> size(call);
    return room * (2 * size.row + size.padded + parts * size.RESULTS) +
           AHEAD * ALONE * (size.panels * size.RESULTS + parts * size.row);
  }
  bool looks_ahead(const Call &call) const {
    return C::LAST && block.rows <= ALONE && !call.keep && call.steps[block.rank(0)] > 1;
  }
  float *ahead_of(int64_t s) const {
    return ahead + s % AHEAD * block.rows * size.panels * size.RESULTS;
  }
  float *before(int64_t s) const { return C::LAST && s % 2 ? others : inputs; }
  float *after(int64_t s) const { return C::LAST ? before(s + 1) : inputs; }
};

template <class C>
int64_t scratch(const Call &call) {
  return Desk<C>::floats(call, BLOCK, 1);
}

// Every other step takes the panels the other way round: those it begins with are in the cache still.
template <class C, bool KEEP>
void step(const Sizes<C> &size, Range panels, bool turned, const float *packed, int64_t rows,
          const float *inputs, float *next, float *c, float *partial, float *tape, int64_t tape_row,
          const float *ahead) {
  constexpr int64_t L1_INPUTS = L1_BYTES / (int64_t{sizeof(float)} * C::VECTORS * LANES);
  const float *biases = packed + size.panels * size.inputs * size.WEIGHTS;
  for (int64_t turn = panels.from; turn < panels.to; ++turn) {
    const int64_t panel = turned ? panels.from + panels.to - 1 - turn : turn;
    const int64_t unit = panel * size.UNITS;
    const float *weights = packed + panel * size.inputs * size.WEIGHTS;
    const float *start = (ahead ? ahead : biases) + panel * size.RESULTS;
    int64_t start_row = ahead ? size.panels * size.RESULTS : 0;
    for (int64_t from = ahead ? size.features : 0, to; from < size.inputs; from = to) {
      to = size.inputs - from <= L1_INPUTS * 3 / 2 ? size.inputs : from + L1_INPUTS;
      const int64_t of_x = max(0, min(to, size.features) - from);
      const int64_t of_h = to - from - of_x;
      tiles(rows, [&](auto n, int64_t i) {
        constexpr int N = decltype(n)::value;
        Vec sums[N][C::SUMS];
#pragma GCC unroll 8
        for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
          for (int v = 0; v < C::SUMS; ++v)
            sums[r][v] = load(start + (i + r) * start_row + v * LANES);
        const float *row = inputs + i * size.row, *w = weights + from * size.WEIGHTS;
        const float *x = row + size.pairs + size.padded + from;
        const float *h = row + size.pairs + max(0, from - size.features);
        multiply<C, false, KEEP>(sums, size, x, w, of_x);
        multiply<C, true, KEEP>(sums, size, h, w + of_x * size.WEIGHTS, of_h);
#pragma GCC unroll 8
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

// Complete the inputs that step s reads.
template <class C>
INLINE void put_x(const Call &call, const Sizes<C> &size, const Block &block, int64_t s, int64_t rows,
                  float *inputs) {
  for (int64_t i = 0; i < rows; ++i)
    complete<C>(call, size, block.rank(i), place_in_x(call, block.rank(i), s),
                inputs + i * size.row);
}

// The products of x, and the biases, of step s and some that follow; of a row that ends before, of 0.
template <class C>
void look_ahead(const Call &call, const Desk<C> &desk, int64_t s, Range panels, const float *packed,
                float *x) {
  const Sizes<C> &size = desk.size;
  const Block &block = desk.block;
  const int64_t steps = min(AHEAD, call.steps[block.rank(0)] - s), rows = block.rows;
  for (int64_t j = 0; j < steps * rows; ++j)
    if (j % rows < active_rows(call, block, s + j / rows))
      copy(x + j * size.row, call.x + place_in_x(call, block.rank(j % rows), s + j / rows),
           size.features);
    else
      zero(x + j * size.row, size.features);
  const float *biases = packed + size.panels * size.inputs * size.WEIGHTS;
  for (int64_t panel = panels.from; panel < panels.to; ++panel)
    tiles(steps * rows, [&](auto n, int64_t i) {
      constexpr int N = decltype(n)::value;
      Vec sums[N][C::SUMS];
#pragma GCC unroll 8
      for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < C::SUMS; ++v)
          sums[r][v] = load(biases + panel * size.RESULTS + v * LANES);
      multiply<C, false, false>(sums, size, x + i * size.row,
                                packed + panel * size.inputs * size.WEIGHTS, size.features);
#pragma GCC unroll 8
      for (int r = 0; r < N; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < C::SUMS; ++v)
          store(desk.ahead + ((i + r) * size.panels + panel) * size.RESULTS + v * LANES, sums[r][v]);
    });
}

// The product and the gates of a stage, and of those after it. The last of several leaves h where it was.
template <class C>
INLINE void stages(const Call &call, const Sizes<C> &size, const Block &block, int64_t s, Range panels,
                   int64_t rows, const float *packed, float *now, float *next, float *c,
                   float *partial, const float *ahead) {
  float *tape = call.tape;
  if (tape) tape += (s * call.batch + block.rank(0)) * size.tape;
  (call.keep ? step<C, true> : step<C, false>)(size, panels, s % 2, packed, rows, now, next, c,
                                               partial, tape, block.lanes * size.tape, ahead);
  if constexpr (!C::LAST) {
    const Sizes<typename C::Then> then(call);
    put_x(call, then, block, s, rows, next);
    stages(call, then, block, s, panels, rows, packed + weights_of<C>(call), next, now, c, partial,
           nullptr);
  }
}

// What is said of some units of a row once step s is done; of one that takes none, before the first.
INLINE void tell(const Call &call, int64_t rank, int64_t s, Range units, const float *h,
                 const float *c) {
  if (call.outputs) write_outputs(call, rank, s, units, h);
  if (s + 1 < call.steps[rank]) return;
  const int64_t to = call.order[rank] * call.units + units.from, count = units.to - units.from;
  copy(call.last_h + to, h + units.from, count);
  if (call.c) copy(call.last_c + to, c + units.from, count);
}

template <class C>
INLINE void begin(const Call &call, const Desk<C> &desk) {
  const Sizes<C> &size = desk.size;
  zero(desk.inputs, desk.partial - desk.inputs);
  for (int64_t i = 0; i < desk.block.rows; ++i) {
    const int64_t rank = desk.block.rank(i), row = call.order[rank] * call.units;
    float *const h = desk.inputs + i * size.row, *const c = desk.c + i * size.padded;
    copy(h, call.h + row, call.units);
    if (call.c) copy(c, call.c + row, call.units);
    tell(call, rank, -1, {0, call.units}, h, c);
  }
  put_x(call, size, desk.block, 0, active_rows(call, desk.block, 0), desk.inputs);
}

// Take step s of some panels of units.
template <class C>
INLINE void take(const Call &call, const Desk<C> &desk, int64_t s, Range panels, const float *packed,
                 float *partial, float *x) {
  const Sizes<C> &size = desk.size;
  const int64_t rows = active_rows(call, desk.block, s);
  const bool looks_ahead = desk.looks_ahead(call);
  if (looks_ahead && s % AHEAD == 0) look_ahead(call, desk, s, panels, packed, x);
  const float *const ahead = looks_ahead ? desk.ahead_of(s) : nullptr;
  float *const after = desk.after(s);
  float *const next = C::LAST ? after : desk.others;
  stages(call, size, desk.block, s, panels, rows, packed, desk.before(s), next, desk.c, partial,
         ahead);
  const Range units = {panels.from * size.UNITS, min(panels.to * size.UNITS, call.units)};
  for (int64_t i = 0; i < rows; ++i)
    tell(call, desk.block.rank(i), s, units, after + i * size.row, desk.c + i * size.padded);
  if (panels.from == 0)
    put_x(call, size, desk.block, s + 1, active_rows(call, desk.block, s + 1), after);
}

template <class C>
void forward(const Call &call, const float *packed, int64_t lane, int64_t lanes, float *scratch) {
  blocks(call, lane, lanes, [&](const Block &block) {
    const Desk<C> desk(call, block, BLOCK, 1, scratch);
    begin(call, desk);
    for (int64_t s = 0; s < call.steps[block.rank(0)]; ++s)
      take(call, desk, s, {0, desk.size.panels}, packed, desk.partial, desk.x);
  });
}

// The same where threads share each step: a part is some panels, so no sum is cut.

template <class C>
INLINE Desk<C> common_desk(const Call &call, int64_t parts, float *scratch) {
  return Desk<C>(call, {0, 1, 0, call.batch}, call.batch, parts, scratch);
}

template <class C>
int64_t crew_scratch(const Call &call, int64_t parts) {
  return Desk<C>::floats(call, call.batch, parts);
}

template <class C>
void crew_begin(const Call &call, float *scratch) {
  begin(call, common_desk<C>(call, 1, scratch));
}

template <class C>
void crew_take(const Call &call, const float *packed, int64_t s, int64_t part, int64_t parts,
               float *scratch) {
  const Desk<C> desk = common_desk<C>(call, parts, scratch);
  take(call, desk, s, part_of(desk.size.panels, part, parts), packed,
       desk.partial + part * call.batch * desk.size.RESULTS,
       desk.x + part * AHEAD * ALONE * desk.size.row);
}

}  // namespace
}  // namespace recurra
