// What XLA calls: checks shapes, picks the instruction level, makes the schedule, shares out lanes.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "recurrence.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace recurra {

#if defined(__x86_64__)
extern const Level x86_64_v2, x86_64_v3, x86_64_v4;

static bool has(const Level &level) {
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
static const Level *const LEVELS[] = {&x86_64_v4, &x86_64_v3, &x86_64_v2};
#else
extern const Level portable;
static bool has(const Level &) { return true; }
static const Level *const LEVELS[] = {&portable};
#endif

// The best level this processor has, or the one $RECURRA_LEVEL names; null where there is none.
static const Level *level() {
  static const Level *const chosen = [] {
    const char *wanted = std::getenv("RECURRA_LEVEL");
    for (const Level *level : LEVELS)
      if (has(*level) && (!wanted || !std::strcmp(wanted, level->name))) return level;
    return static_cast<const Level *>(nullptr);
  }();
  return chosen;
}

// Denormal numbers cost a hundred times as much as others and say nothing here: they count as 0
// while this lives, on the thread that made it.
class WithoutDenormals {
 public:
#if defined(__x86_64__)
  WithoutDenormals() : before_(__builtin_ia32_stmxcsr()) {
    __builtin_ia32_ldmxcsr(before_ | 0x8040);
  }
  ~WithoutDenormals() { __builtin_ia32_ldmxcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  WithoutDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (1ul << 24)));
  }
  ~WithoutDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  unsigned long before_;
#endif
};

// Do `work(0)` .. `work(count - 1)` on XLA's own threads. The calling thread takes its share and
// whatever no other thread has begun, so that this ends even where all others are busy or waiting.
template <class Work>
static void share(ffi::ThreadPool &pool, int64_t count, const Work &work) {
  struct State {
    std::atomic<int64_t> next{0};
    int64_t done = 0;
    std::mutex mutex;
    std::condition_variable finished;
  };
  const auto state = std::make_shared<State>();
  auto help = [state, count, &work] {  // `work` is touched only while the caller waits
    for (int64_t i; (i = state->next++) < count;) {
      {
        const WithoutDenormals quick;
        work(i);
      }
      const std::lock_guard<std::mutex> lock(state->mutex);
      if (++state->done == count) state->finished.notify_one();
    }
  };
  const int64_t helpers = std::min<int64_t>(count, std::max<int64_t>(1, pool.num_threads())) - 1;
  for (int64_t i = 0; i < helpers; ++i) pool.Schedule(decltype(help)(help));
  help();
  std::unique_lock<std::mutex> lock(state->mutex);
  state->finished.wait(lock, [&] { return state->done == count; });
}

// Uninitialised floats that begin on a cache line.
class Floats {
 public:
  explicit Floats(int64_t count)
      : data_(static_cast<float *>(std::aligned_alloc(64, (4 * count + 64) / 64 * 64))) {
    if (!data_) throw std::bad_alloc();
  }
  ~Floats() { std::free(data_); }
  Floats(const Floats &) = delete;
  float *operator+(int64_t offset) const { return data_ + offset; }

 private:
  float *data_;
};

static int64_t lines(int64_t floats) { return (floats + 15) / 16 * 16; }

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

  int64_t taken() const {
    int64_t sum = 0;
    for (const int32_t n : steps) sum += n;
    return sum;
  }
};

static const Cell *cell_named(std::string_view name) {
  if (name == "lstm") return &level()->lstm;
  if (name == "gru") return &level()->gru;
  return name == "simple_rnn" ? &level()->simple_rnn : nullptr;
}

// As many lanes as threads and rows allow, unless the work is not worth waking another thread.
static int64_t lanes_for(const Call &call, const Schedule &schedule, ffi::ThreadPool &pool) {
  const double work = 4.0 * schedule.taken() * call.units * (call.units + call.features);
  if (work < 2e5) return 1;
  return std::max<int64_t>(1, std::min<int64_t>(call.batch, pool.num_threads()));
}

using Array = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Array>;

static float *data(Result &array) {
  return array->element_count() ? array->typed_data() : nullptr;
}
static const float *data(const Array &array) {
  return array.element_count() ? array.typed_data() : nullptr;
}

static ffi::Error describe(Call &call, const Cell *&cell, std::string_view name, bool go_backwards,
                           const Array &x, const Array &h, const Array &c, const Array &kernel,
                           const Array &recurrent, const ffi::Buffer<ffi::PRED> &mask,
                           const Array &keep) {
  const auto wrong = [](const char *text) { return ffi::Error::InvalidArgument(text); };
  if (!level()) return wrong("this processor has none of the instruction levels built");
  if (!(cell = cell_named(name))) return wrong("the cell must be simple_rnn, lstm or gru");
  if (x.dimensions().size() != 3 || h.dimensions().size() != 2)
    return wrong("x must be (batch, timesteps, features) and h (batch, units)");
  call.batch = x.dimensions()[0], call.timesteps = x.dimensions()[1];
  call.features = x.dimensions()[2], call.units = h.dimensions()[1];
  call.go_backwards = go_backwards;
  const int64_t columns = (name == "lstm" ? 4 : name == "gru" ? 3 : 1) * call.units;
  if (h.dimensions()[0] != call.batch ||
      kernel.element_count() != static_cast<size_t>(call.features * columns) ||
      recurrent.element_count() != static_cast<size_t>(call.units * columns))
    return wrong("the shapes of x, h and the kernels must fit each other");
  if ((name == "lstm") != (c.dimensions().size() == 2)) return wrong("an LSTM has a state c");
  if (mask.dimensions().size() == 2 &&
      mask.element_count() != static_cast<size_t>(call.batch * call.timesteps))
    return wrong("the mask must be (batch, timesteps)");
  const int64_t kept = columns / std::max<int64_t>(call.units, 1) * (call.units + call.features);
  if (keep.element_count() && keep.element_count() != static_cast<size_t>(call.batch * kept))
    return wrong("dropout must be (batch, gates, units + features)");
  call.keep = data(keep);
  call.x = data(x), call.h = data(h), call.c = name == "lstm" ? data(c) : nullptr;
  call.kernel = data(kernel), call.recurrent_kernel = data(recurrent);
  return ffi::Error::Success();
}

static std::atomic<int64_t> forward_calls{0}, backward_calls{0};

static const bool *data(const ffi::Buffer<ffi::PRED> &mask) {
  return mask.dimensions().size() == 2 ? mask.typed_data() : nullptr;
}

static ffi::Error forward(ffi::ThreadPool pool, Array x, Array h, Array c, Array kernel,
                          Array recurrent, Array bias, ffi::Buffer<ffi::PRED> mask, Array keep, Result outputs,
                          Result last_h, Result last_c, Result tape, std::string_view name,
                          bool go_backwards) try {
  Call call{};
  const Cell *cell = nullptr;
  if (ffi::Error error =
          describe(call, cell, name, go_backwards, x, h, c, kernel, recurrent, mask, keep);
      error.failure())
    return error;
  call.bias = data(bias);
  call.outputs = data(outputs), call.tape = data(tape);
  call.last_h = data(last_h), call.last_c = data(last_c);
  const Schedule schedule(call, data(mask));
  schedule.put(call);

  const int64_t lanes = lanes_for(call, schedule, pool), each = lines(cell->scratch(call));
  const Floats packed(cell->packed(call)), scratch(lanes * each);
  const int64_t parts = cell->parts(call), groups = std::min(lanes, parts);
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups) cell->pack(call, part, packed + 0);
  });
  share(pool, lanes, [&](int64_t lane) {
    cell->forward(call, packed + 0, lane, lanes, scratch + lane * each);
  });
  ++forward_calls;
  return ffi::Error::Success();
} catch (const std::bad_alloc &) {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory in a recurrent layer");
}

static ffi::Error backward(ffi::ThreadPool pool, Array x, Array h, Array c, Array kernel,
                           Array recurrent, ffi::Buffer<ffi::PRED> mask, Array keep, Array tape,
                           Array d_outputs, Array d_last_h, Array d_last_c, Result dx, Result dh,
                           Result dc, Result d_kernel, Result d_recurrent, Result d_bias,
                           std::string_view name, bool go_backwards) try {
  Call call{};
  const Cell *cell = nullptr;
  if (ffi::Error error =
          describe(call, cell, name, go_backwards, x, h, c, kernel, recurrent, mask, keep);
      error.failure())
    return error;
  call.tape = const_cast<float *>(data(tape)), call.d_outputs = data(d_outputs);
  call.d_last_h = data(d_last_h), call.d_last_c = data(d_last_c);
  call.dx = data(dx), call.dh = data(dh), call.dc = data(dc);
  call.d_kernel = data(d_kernel), call.d_recurrent_kernel = data(d_recurrent);
  call.d_bias = data(d_bias);
  const Schedule schedule(call, data(mask));
  schedule.put(call);

  const int64_t lanes = lanes_for(call, schedule, pool), each = lines(cell->scratch_back(call));
  const int64_t sums = cell->gradients(call);
  const Floats packed(cell->packed_back(call)), scratch(lanes * each), gradients(lanes * sums);
  const int64_t parts = cell->parts(call), groups = std::min(lanes, parts);
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups)
      cell->pack_back(call, part, packed + 0);
  });
  share(pool, lanes, [&](int64_t lane) {
    cell->backward(call, packed + 0, lane, lanes, scratch + lane * each, gradients + lane * sums);
  });
  share(pool, groups, [&](int64_t group) {
    for (int64_t part = group; part < parts; part += groups)
      cell->gather(call, part, gradients + 0, lanes);
  });
  ++backward_calls;
  return ffi::Error::Success();
} catch (const std::bad_alloc &) {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory in a recurrent layer");
}

}  // namespace recurra

using recurra::Array;

#define VISIBLE extern "C" __attribute__((visibility("default")))
VISIBLE XLA_FFI_Error *recurra_forward(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_backward(XLA_FFI_CallFrame *);

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_forward, recurra::forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()                    // x
                                  .Arg<Array>()                    // h
                                  .Arg<Array>()                    // c
                                  .Arg<Array>()                    // kernel
                                  .Arg<Array>()                    // recurrent kernel
                                  .Arg<Array>()                    // bias
                                  .Arg<ffi::Buffer<ffi::PRED>>()   // mask
                                  .Arg<Array>()                    // dropout
                                  .Ret<Array>()                    // outputs
                                  .Ret<Array>()                    // last h
                                  .Ret<Array>()                    // last c
                                  .Ret<Array>()                    // tape
                                  .Attr<std::string_view>("cell")
                                  .Attr<bool>("go_backwards"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_backward, recurra::backward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()                    // x
                                  .Arg<Array>()                    // h
                                  .Arg<Array>()                    // c
                                  .Arg<Array>()                    // kernel
                                  .Arg<Array>()                    // recurrent kernel
                                  .Arg<ffi::Buffer<ffi::PRED>>()   // mask
                                  .Arg<Array>()                    // dropout
                                  .Arg<Array>()                    // tape
                                  .Arg<Array>()                    // d outputs
                                  .Arg<Array>()                    // d last h
                                  .Arg<Array>()                    // d last c
                                  .Ret<Array>()                    // dx
                                  .Ret<Array>()                    // dh
                                  .Ret<Array>()                    // dc
                                  .Ret<Array>()                    // d kernel
                                  .Ret<Array>()                    // d recurrent kernel
                                  .Ret<Array>()                    // d bias
                                  .Attr<std::string_view>("cell")
                                  .Attr<bool>("go_backwards"));

// The instruction level in use, or null.
VISIBLE const char *recurra_level() {
  return recurra::level() ? recurra::level()->name : nullptr;
}

// How many calls this process has finished.
VISIBLE int64_t recurra_forward_calls() { return recurra::forward_calls; }
VISIBLE int64_t recurra_backward_calls() { return recurra::backward_calls; }
