// What XLA calls: checks shapes, finds the cell, counts.

#include <atomic>

#include "call.h"
#include "embedding.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace recurra {

// XLA's threads, or as many of them as this process is granted processors.
class Pool {
 public:
  explicit Pool(const ffi::ThreadPool &threads) : threads_(threads) {}
  int64_t num_threads() const {
    static const int64_t granted = processors_granted("/sys/fs/cgroup/cpu.max");
    return std::min<int64_t>(threads_.num_threads(), granted);
  }
  template <class Task>
  void Schedule(Task task) {
    threads_.Schedule(std::move(task));
  }

 private:
  ffi::ThreadPool threads_;
};

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
  cell = cell_named(name, *level());
  if (!cell) return wrong("the cell must be simple_rnn, lstm, gru or gru_reset_first");
  if (x.dimensions().size() != 3 || h.dimensions().size() != 2)
    return wrong("x must be (batch, timesteps, features) and h (batch, units)");
  call.batch = x.dimensions()[0], call.timesteps = x.dimensions()[1];
  call.features = x.dimensions()[2], call.units = h.dimensions()[1];
  call.go_backwards = go_backwards;
  const int64_t columns = cell->gates * call.units;
  if (h.dimensions()[0] != call.batch ||
      kernel.element_count() != static_cast<size_t>(call.features * columns) ||
      recurrent.element_count() != static_cast<size_t>(call.units * columns))
    return wrong("the shapes of x, h and the kernels must fit each other");
  if ((name == "lstm") != (c.dimensions().size() == 2)) return wrong("an LSTM has a state c");
  if (mask.dimensions().size() == 2 &&
      mask.element_count() != static_cast<size_t>(call.batch * call.timesteps))
    return wrong("the mask must be (batch, timesteps)");
  const int64_t kept = cell->gates * (call.units + call.features);
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

using Number = ffi::Buffer<ffi::U32>;  // of a tape, in two halves

// Say what is wrong, or do it; both directions start alike.
template <class Work>
static ffi::Error run(std::string_view name, bool go_backwards, const Array &x, const Array &h,
                      const Array &c, const Array &kernel, const Array &recurrent,
                      const Array &bias, const ffi::Buffer<ffi::PRED> &mask, const Array &keep,
                      std::atomic<int64_t> &calls, const Work &work) try {
  Call call{};
  const Cell *cell = nullptr;
  if (ffi::Error error =
          describe(call, cell, name, go_backwards, x, h, c, kernel, recurrent, mask, keep);
      error.failure())
    return error;
  call.bias = data(bias);
  work(call, *cell, data(mask));
  ++calls;
  return ffi::Error::Success();
} catch (const std::bad_alloc &) {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory in a recurrent layer");
}

static Memory::Block new_tape(const Call &call, const Cell &cell) {
  return Memory::shared().take(call.timesteps * call.batch * cell.saved(call));
}

// A forward call's tape, or one written anew.
static Memory::Block tape_for(uint64_t number, Pool &pool, const Cell &cell, Call call,
                              const bool *mask) {
  Memory::Block tape = Memory::shared().claim(number);
  if (tape) return tape;
  tape = new_tape(call, cell);
  const Scratch last(2 * call.batch * call.units);
  call.tape = *tape + 0, call.last_h = last + 0, call.last_c = last + call.batch * call.units;
  forward(pool, cell, call, mask);
  return tape;
}

static ffi::Error handle_forward(ffi::ThreadPool threads, Array x, Array h, Array c, Array kernel,
                                 Array recurrent, Array bias, ffi::Buffer<ffi::PRED> mask,
                                 Array keep, Result outputs, Result last_h, Result last_c,
                                 ffi::Result<Number> number, std::string_view name,
                                 bool go_backwards) {
  Pool pool(threads);
  const auto work = [&](Call &call, const Cell &cell, const bool *mask) {
    call.outputs = data(outputs), call.last_h = data(last_h), call.last_c = data(last_c);
    Memory::Block tape = number->element_count() ? new_tape(call, cell) : nullptr;
    if (tape) call.tape = *tape + 0;
    forward(pool, cell, call, mask);
    if (!tape) return;
    const uint64_t kept = Memory::shared().keep(std::move(tape));
    std::memcpy(number->typed_data(), &kept, sizeof kept);
  };
  return run(name, go_backwards, x, h, c, kernel, recurrent, bias, mask, keep, forward_calls, work);
}

static ffi::Error handle_backward(ffi::ThreadPool threads, Array x, Array h, Array c, Array kernel,
                                  Array recurrent, Array bias, ffi::Buffer<ffi::PRED> mask,
                                  Array keep, Number number, Array d_outputs, Array d_last_h,
                                  Array d_last_c, Result dx, Result dh, Result dc, Result d_kernel,
                                  Result d_recurrent, Result d_bias, std::string_view name,
                                  bool go_backwards) {
  Pool pool(threads);
  const auto work = [&](Call &call, const Cell &cell, const bool *mask) {
    uint64_t kept;
    std::memcpy(&kept, number.typed_data(), sizeof kept);
    Memory::Block tape = tape_for(kept, pool, cell, call, mask);
    call.tape = *tape + 0, call.d_outputs = data(d_outputs);
    call.d_last_h = data(d_last_h), call.d_last_c = data(d_last_c);
    call.dx = data(dx), call.dh = data(dh), call.dc = data(dc);
    call.d_kernel = data(d_kernel), call.d_recurrent_kernel = data(d_recurrent);
    call.d_bias = data(d_bias);
    backward(pool, cell, call, mask);
    Memory::shared().give(std::move(tape));
  };
  return run(name, go_backwards, x, h, c, kernel, recurrent, bias, mask, keep, backward_calls,
             work);
}

using Codes = ffi::Buffer<ffi::S32>;

template <class Dimensions>
static Table table_of(const Dimensions &shape, const Codes &codes) {
  return {shape[0], shape[1], static_cast<int64_t>(codes.element_count()), codes.typed_data()};
}

static ffi::Error handle_gather(ffi::ThreadPool threads, Array table, Codes codes, Result out) {
  Pool pool(threads);
  gather_rows(pool, table_of(table.dimensions(), codes), data(table), data(out));
  return ffi::Error::Success();
}

static ffi::Error handle_scatter(ffi::ThreadPool threads, Codes codes, Array d_out, Result d_table) {
  Pool pool(threads);
  scatter_rows(pool, table_of(d_table->dimensions(), codes), data(d_out), data(d_table));
  return ffi::Error::Success();
}

using Scalar = ffi::BufferR0<ffi::F32>;

// Results are where the arguments are: XLA gave them the same memory, or a copy is made.
static float *in_place(const Array &before, Result &after) {
  float *to = data(after);
  if (to && to != before.typed_data()) std::memcpy(to, before.typed_data(), before.size_bytes());
  return to;
}

constexpr int64_t ADAM_PART = 1 << 15;  // numbers for which another thread is worth it

static ffi::Error handle_adam(ffi::ThreadPool threads, Array value, Array m, Array v, Array gradient,
                              Scalar rate, Result new_value, Result new_m,
                              Result new_v, float toward_gradient, float toward_square,
                              float epsilon) {
  if (!level()) return ffi::Error::InvalidArgument("this processor has no level that was built");
  const int64_t count = gradient.element_count();
  for (const Array *other : {&value, &m, &v})
    if (static_cast<int64_t>(other->element_count()) != count)
      return ffi::Error::InvalidArgument("value, m, v and gradient must be of one size");
  const Adam adam{rate.typed_data()[0], toward_gradient, toward_square, epsilon};
  float *const p = in_place(value, new_value);
  float *const to_m = in_place(m, new_m), *const to_v = in_place(v, new_v);
  const float *const g = data(gradient);
  Pool pool(threads);
  const int64_t parts = parts_for(pool, count / ADAM_PART);
  share(pool, parts, [&](int64_t part) {
    const int64_t from = count * part / parts, some = count * (part + 1) / parts - from;
    level()->adam(adam, g + from, p + from, to_m + from, to_v + from, some);
  });
  return ffi::Error::Success();
}

}  // namespace recurra

using recurra::Array;

#define VISIBLE extern "C" __attribute__((visibility("default")))
VISIBLE XLA_FFI_Error *recurra_forward(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_backward(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_gather(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_scatter(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_adam(XLA_FFI_CallFrame *);

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_forward, recurra::handle_forward,
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
                                  .Ret<ffi::Buffer<ffi::U32>>()    // number of the tape
                                  .Attr<std::string_view>("cell")
                                  .Attr<bool>("go_backwards"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_backward, recurra::handle_backward,
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
                                  .Arg<ffi::Buffer<ffi::U32>>()    // number of the tape
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

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_gather, recurra::handle_gather,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()                   // table
                                  .Arg<ffi::Buffer<ffi::S32>>()   // codes
                                  .Ret<Array>());                 // their rows

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_scatter, recurra::handle_scatter,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::S32>>()   // codes
                                  .Arg<Array>()                   // d rows
                                  .Ret<Array>());                 // d table

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_adam, recurra::handle_adam,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Array>()                    // value
                                  .Arg<Array>()                    // m
                                  .Arg<Array>()                    // v
                                  .Arg<Array>()                    // gradient
                                  .Arg<recurra::Scalar>()          // corrected learning rate
                                  .Ret<Array>()                    // new value
                                  .Ret<Array>()                    // new m
                                  .Ret<Array>()                    // new v
                                  .Attr<float>("toward_gradient")
                                  .Attr<float>("toward_square")
                                  .Attr<float>("epsilon"));

// Raised when what Python passes changes: a library of other sources is then not called.
VISIBLE int64_t recurra_interface() { return 5; }

// The instruction level in use, or null.
VISIBLE const char *recurra_level() {
  return recurra::level() ? recurra::level()->name : nullptr;
}

// How many calls this process has finished.
VISIBLE int64_t recurra_forward_calls() { return recurra::forward_calls; }
VISIBLE int64_t recurra_backward_calls() { return recurra::backward_calls; }
