// What XLA calls: checks shapes, finds the cell, counts.

#include <atomic>

#include "call.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace recurra {

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

static ffi::Error handle_forward(ffi::ThreadPool pool, Array x, Array h, Array c, Array kernel,
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
  forward(pool, *cell, call, data(mask));
  ++forward_calls;
  return ffi::Error::Success();
} catch (const std::bad_alloc &) {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory in a recurrent layer");
}

static ffi::Error handle_backward(ffi::ThreadPool pool, Array x, Array h, Array c, Array kernel,
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
  backward(pool, *cell, call, data(mask));
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
                                  .Ret<Array>()                    // tape
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
