// One call, from start to end: its schedule, its memory, and the lanes shared out to threads.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "memory.h"
#include "recurrence.h"
#include "threads.h"

namespace recurra {

#if defined(__x86_64__)
extern const Level x86_64_v2, x86_64_v3, x86_64_v4;

inline bool has(const Level &level) {
  if (&level == &x86_64_v4)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && has(x86_64_v3);
  if (&level == &x86_64_v3)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("f16c");
  return __builtin_cpu_supports("sse4.2");
}
inline const Level *const LEVELS[] = {&x86_64_v4, &x86_64_v3, &x86_64_v2};
#else
extern const Level portable;
inline bool has(const Level &) { return true; }
inline const Level *const LEVELS[] = {&portable};
#endif

// The best level this processor has, or the one $RECURRA_LEVEL names; null where there is none.
inline const Level *level() {
  static const Level *const chosen = [] {
    const char *wanted = std::getenv("RECURRA_LEVEL");
    for (const Level *level : LEVELS)
      if (has(*level) && (!wanted || !std::strcmp(wanted, level->name))) return level;
    return static_cast<const Level *>(nullptr);
  }();
  return chosen;
}

inline int64_t round_to_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// Which row takes which steps: see recurrence.h.
struct Schedule {
  std::vector<int32_t> order, steps, times;

  Schedule(const Call &call, const bool *mask) : order(call.batch), steps(call.batch) {
    const int64_t rows = call.batch, length = call.timesteps;
    std::vector<int32_t> count(rows, static_cast<int32_t>(length));
    for (int64_t row = 0; row < rows; ++row) {
      order[row] = static_cast<int32_t>(row);
      if (mask) count[row] = std::count(mask + row * length, mask + (row + 1) * length, true);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return count[a] > count[b]; });
    times.resize(rows * length);
    for (int64_t rank = 0; rank < rows; ++rank) {
      const bool *keep = mask ? mask + order[rank] * length : nullptr;
      int32_t *to = times.data() + rank * length;
      steps[rank] = count[order[rank]];
      for (int64_t time = 0; time < length; ++time)
        if (!keep || keep[call.go_backwards ? length - 1 - time : time])
          *to++ = static_cast<int32_t>(time);
    }
  }

  void put(Call &call) const {
    call.order = order.data();
    call.steps = steps.data();
    call.times = times.data();
  }

  int64_t total_steps() const {
    int64_t sum = 0;
    for (const int32_t n : steps) sum += n;
    return sum;
  }
};

inline const Cell *cell_named(std::string_view name, const Level &level) {
  if (name == "lstm") return &level.lstm;
  if (name == "gru") return &level.gru;
  if (name == "gru_reset_first") return &level.gru_reset_first;
  return name == "simple_rnn" ? &level.simple_rnn : nullptr;
}

// Operations that are worth another thread: to share them out takes about as long as a million, and on
// the way back what the lanes found is to be added up, too.
constexpr double WORTH = 2e6, WORTH_BACK = 3e6;

inline double operations(const Schedule &schedule, int64_t weights) {
  return 2.0 * schedule.total_steps() * weights;
}

constexpr int64_t FEW = 4;           // rows of a lane, below which reading the weights takes longest
constexpr int64_t STEP = 10 * 1000;  // rows times weights of a part, below which meeting takes longest

// How many threads share each step; 1 where each had better take some rows through all of them.
template <class Pool>
int64_t crew_for(const Call &call, const Schedule &schedule, const Cell &cell, Pool &pool) {
  const int64_t weights = cell.packed(call);
  if (!cell.crew.take || call.keep || call.batch >= FEW * threads_of(pool) || !spinning() ||
      operations(schedule, weights) < WORTH)
    return 1;
  const int64_t parts = parts_for(pool, std::min(cell.parts(call), call.batch * weights / STEP));
  return parts < parts_for(pool, call.batch) ? 1 : parts;
}

// How many threads share the packing of so many floats.
template <class Pool>
int64_t groups_for(Pool &pool, int64_t floats, int64_t parts) {
  return floats < 16384 ? 1 : parts_for(pool, parts);
}

constexpr int64_t LARGE = 1 << 18;  // weights that no second cache holds

// How many threads share the steps of a single row; 0 where its weights had better be packed.
template <class Pool>
int64_t single_parts(const Call &call, const Single &single, int64_t weights, Pool &pool) {
  if (call.batch != 1 || call.keep || weights < LARGE || !single.step) return 0;
  return parts_for(pool, weights / LARGE);
}

template <class Pool>
void forward_single(Pool &pool, const Single &single, const Call &call, int64_t parts) {
  const Scratch scratch(single.scratch(call, parts, false));
  single.start(call, false, scratch + 0);
  if (call.steps[0] == 0) single.stepped(call, -1, parts, scratch + 0);
  for (int64_t s = 0; s < call.steps[0]; ++s) {
    share(pool, parts, [&](int64_t part) { single.step(call, s, part, parts, scratch + 0); });
    single.stepped(call, s, parts, scratch + 0);
  }
}

template <class Pool>
void backward_single(Pool &pool, const Single &single, const Call &call, int64_t parts) {
  const Scratch scratch(single.scratch(call, parts, true));
  single.start(call, true, scratch + 0);
  for (int64_t s = call.steps[0] - 1; s >= 0; --s) {
    single.backward_step(call, s, scratch + 0);
    share(pool, parts, [&](int64_t part) { single.back(call, s, part, parts, scratch + 0); });
  }
  single.backward_step(call, -1, scratch + 0);
  share(pool, parts, [&](int64_t part) { single.reduce(call, part, parts, scratch + 0); });
}

// The weights as panels, for one call or for many.
template <class Pool>
void pack(Pool &pool, const Cell &cell, const Call &call, float *packed) {
  const int64_t parts = cell.parts(call), groups = groups_for(pool, cell.packed(call), parts);
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups) cell.pack(call, part, packed);
  });
}

// All steps of few rows, by threads that meet after each. Who is late finds its part taken by another.
template <class Pool>
void forward_crew(Pool &pool, const Crew &crew, const Call &call, const float *packed,
                  int64_t parts) {
  const Scratch scratch(crew.scratch(call, parts));
  crew.begin(call, scratch + 0);
  Rounds rounds(call.steps[0], parts);
  share(pool, parts, [&](int64_t member) {
    rounds.join(member, [&](int64_t s, int64_t part) {
      crew.take(call, packed, s, part, parts, scratch + 0);
    });
  });
}

// All timesteps of all rows, with weights that were packed.
template <class Pool>
void forward_packed(Pool &pool, const Cell &cell, const Call &call, const Schedule &schedule,
                    const float *packed) {
  if (const int64_t parts = crew_for(call, schedule, cell, pool); parts > 1)
    return forward_crew(pool, cell.crew, call, packed, parts);
  const bool alone = operations(schedule, cell.packed(call)) < WORTH;
  const int64_t lanes = alone ? 1 : parts_for(pool, call.batch);
  const int64_t each = round_to_lines(cell.scratch(call));
  const Scratch scratch(lanes * each);
  share(pool, lanes, [&](int64_t lane) {
    cell.forward(call, packed, lane, lanes, scratch + lane * each);
  });
}

template <class Pool>
void forward(Pool &pool, const Cell &cell, Call &call, const bool *mask) {
  const WithoutDenormals quick;
  const Schedule schedule(call, mask);
  schedule.put(call);

  const int64_t packed_floats = cell.packed(call);
  if (const int64_t parts = single_parts(call, cell.single, packed_floats, pool))
    return forward_single(pool, cell.single, call, parts);
  const Scratch packed(packed_floats);
  pack(pool, cell, call, packed + 0);
  forward_packed(pool, cell, call, schedule, packed + 0);
}

template <class Pool>
void backward(Pool &pool, const Cell &cell, Call &call, const bool *mask) {
  const WithoutDenormals quick;
  const Schedule schedule(call, mask);
  schedule.put(call);

  const int64_t weights = cell.packed(call);
  if (const int64_t parts = single_parts(call, cell.single, weights, pool))
    return backward_single(pool, cell.single, call, parts);
  const bool alone = operations(schedule, 2 * weights) < WORTH_BACK;
  const int64_t lanes = alone ? 1 : parts_for(pool, call.batch);
  const int64_t each = round_to_lines(cell.scratch_back(call));
  const int64_t sums = cell.gradients(call), packed_floats = cell.packed_back(call);
  const Scratch packed(packed_floats), scratch(lanes * each), gradients(lanes * sums);
  const int64_t parts = cell.parts(call), groups = groups_for(pool, packed_floats, parts);
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups)
      cell.pack_back(call, part, packed + 0);
  });
  share(pool, lanes, [&](int64_t lane) {
    cell.backward(call, packed + 0, lane, lanes, scratch + lane * each, gradients + lane * sums);
  });
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups)
      cell.reduce(call, part, gradients + 0, lanes);
  });
}

}  // namespace recurra
