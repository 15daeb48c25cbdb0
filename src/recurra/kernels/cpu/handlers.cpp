// What XLA calls: checks every argument and every result, finds the cell, counts.

#include <atomic>

#include "call.h"
#include "embedding.h"
#include "expect.h"
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

using Buffer = ffi::AnyBuffer;
using Result = ffi::Result<Buffer>;

static std::atomic<int64_t> forward_calls{0}, backward_calls{0}, recomputed_tapes{0};

// Say what is wrong, or do it; what it throws is told to XLA in words.
template <class Work>
static ffi::Error guarded(const Work &work) try {
  if (!level()) throw Unexpected("this processor has none of the instruction levels built");
  work();
  return ffi::Error::Success();
} catch (const Unexpected &unexpected) {
  return ffi::Error::InvalidArgument(unexpected.what());
} catch (const std::exception &) {  // of the standard library, when memory is asked for
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory in a native kernel");
}

// The arguments that both directions have, as XLA hands them over.
struct Arguments {
  Buffer x, h, c, kernel, recurrent_kernel, bias, mask, keep;
  std::string_view cell;
  bool go_backwards;
};

constexpr int64_t MOST_STEPS = int64_t{1} << 36;  // times rows: more than any memory holds

// A call whose arguments have been checked, each against the sizes that x and h give.
struct Checked {
  const Cell &cell;
  Call call{};
  const bool *mask = nullptr;
  std::vector<int64_t> of_c;  // the shape of the second state: (0,) where a cell has one alone

  explicit Checked(const Arguments &given) : cell(known(given.cell)) {
    expect<float>(given.x, {ANY, ANY, ANY}, "x");
    expect<float>(given.h, {ANY, ANY}, "h");
    call.batch = given.x.dimensions()[0], call.timesteps = given.x.dimensions()[1];
    call.features = given.x.dimensions()[2], call.units = given.h.dimensions()[1];
    call.go_backwards = given.go_backwards;
    require(call.units > 0, "there must be at least one unit");
    require(std::max(call.batch, call.timesteps) <= INT32_MAX &&
                call.batch * call.timesteps <= MOST_STEPS,
            "the batch or the sequences are too long");
    const int64_t columns = cell.gates * call.units, inputs = call.units + call.features;
    of_c = cell.states == 2 ? of_state() : std::vector<int64_t>{0};
    call.x = expect<float>(given.x, of_x(), "x");
    call.h = expect<float>(given.h, of_state(), "h");
    call.c = expect<float>(given.c, of_c, "c");
    call.kernel = expect<float>(given.kernel, {call.features, columns}, "kernel");
    call.recurrent_kernel =
        expect<float>(given.recurrent_kernel, {call.units, columns}, "recurrent kernel");
    call.bias = expect<float>(given.bias, of_bias(), "bias");
    mask = expect_or_nothing<bool>(given.mask, {call.batch, call.timesteps}, "mask");
    call.keep =
        expect_or_nothing<float>(given.keep, {call.batch, cell.gates, inputs}, "dropout");
  }

  std::vector<int64_t> of_x() const { return {call.batch, call.timesteps, call.features}; }
  std::vector<int64_t> of_state() const { return {call.batch, call.units}; }
  std::vector<int64_t> of_outputs() const { return {call.batch, call.timesteps, call.units}; }
  std::vector<int64_t> of_bias() const {
    const int64_t columns = cell.gates * call.units;
    return cell.biases == 2 ? std::vector<int64_t>{2, columns} : std::vector<int64_t>{columns};
  }
  int64_t tape_floats() const { return call.timesteps * call.batch * cell.saved(call); }

 private:
  static const Cell &known(std::string_view name) {
    const Cell *cell = cell_named(name, *level());
    require(cell, "the cell must be simple_rnn, lstm, gru or gru_reset_first");
    return *cell;
  }
};

static ffi::Error handle_forward(ffi::ThreadPool threads, Buffer x, Buffer h, Buffer c,
                                 Buffer kernel, Buffer recurrent_kernel, Buffer bias, Buffer mask,
                                 Buffer keep, Result outputs, Result last_h, Result last_c,
                                 Result number, std::string_view cell, bool go_backwards) {
  return guarded([&] {
    Checked checked({x, h, c, kernel, recurrent_kernel, bias, mask, keep, cell, go_backwards});
    Call &call = checked.call;
    call.outputs = expect_or_nothing<float>(*outputs, checked.of_outputs(), "outputs");
    call.last_h = expect<float>(*last_h, checked.of_state(), "last h");
    call.last_c = expect<float>(*last_c, checked.of_c, "last c");
    uint32_t *const halves = expect_or_nothing<uint32_t>(*number, {2}, "number of the tape");
    Pool pool(threads);
    Memory::Block tape = halves ? Memory::shared().take(checked.tape_floats()) : nullptr;
    if (tape) call.tape = *tape + 0;
    forward(pool, checked.cell, call, checked.mask);
    ++forward_calls;
    if (!tape) return;
    const uint64_t kept = Memory::shared().keep(std::move(tape));
    std::memcpy(halves, &kept, sizeof kept);
  });
}

// A forward call's tape, or one written anew.
static Memory::Block tape_for(uint64_t number, Pool &pool, const Checked &checked) {
  const int64_t floats = checked.tape_floats();
  Memory::Block tape = Memory::shared().claim(number);
  if (tape && tape->count >= floats) return tape;
  tape = Memory::shared().take(floats);
  Call call = checked.call;
  const Scratch last(2 * call.batch * call.units);
  call.tape = *tape + 0, call.last_h = last + 0, call.last_c = last + call.batch * call.units;
  forward(pool, checked.cell, call, checked.mask);
  ++recomputed_tapes;
  return tape;
}

static ffi::Error handle_backward(ffi::ThreadPool threads, Buffer x, Buffer h, Buffer c,
                                  Buffer kernel, Buffer recurrent_kernel, Buffer bias, Buffer mask,
                                  Buffer keep, Buffer number, Buffer d_outputs, Buffer d_last_h,
                                  Buffer d_last_c, Result dx, Result dh, Result dc, Result d_kernel,
                                  Result d_recurrent_kernel, Result d_bias, std::string_view cell,
                                  bool go_backwards) {
  return guarded([&] {
    Checked checked({x, h, c, kernel, recurrent_kernel, bias, mask, keep, cell, go_backwards});
    Call &call = checked.call;
    const int64_t columns = checked.cell.gates * call.units;
    call.d_outputs = expect_or_nothing<float>(d_outputs, checked.of_outputs(), "d outputs");
    call.d_last_h = expect<float>(d_last_h, checked.of_state(), "d last h");
    call.d_last_c = expect<float>(d_last_c, checked.of_c, "d last c");
    call.dx = expect<float>(*dx, checked.of_x(), "dx");
    call.dh = expect<float>(*dh, checked.of_state(), "dh");
    call.dc = expect<float>(*dc, checked.of_c, "dc");
    call.d_kernel = expect<float>(*d_kernel, {call.features, columns}, "d kernel");
    call.d_recurrent_kernel =
        expect<float>(*d_recurrent_kernel, {call.units, columns}, "d recurrent kernel");
    call.d_bias = expect<float>(*d_bias, checked.of_bias(), "d bias");
    uint64_t kept;
    std::memcpy(&kept, expect<uint32_t>(number, {2}, "number of the tape"), sizeof kept);
    Pool pool(threads);
    Memory::Block tape = tape_for(kept, pool, checked);
    call.tape = *tape + 0;
    backward(pool, checked.cell, call, checked.mask);
    Memory::shared().give(std::move(tape));
    ++backward_calls;
  });
}

static std::vector<int64_t> shape_of(const Buffer &buffer) {
  return {buffer.dimensions().begin(), buffer.dimensions().end()};
}

// The shape of what is read from a table of so many features.
static std::vector<int64_t> rows_of(const Buffer &codes, int64_t features) {
  std::vector<int64_t> shape = shape_of(codes);
  shape.push_back(features);
  return shape;
}

static Table table_of(const Buffer &table, const Buffer &codes) {
  const int32_t *const list = expect<int32_t>(codes, shape_of(codes), "codes");
  return {table.dimensions()[0], table.dimensions()[1],
          static_cast<int64_t>(codes.element_count()), list};
}

static ffi::Error handle_gather(ffi::ThreadPool threads, Buffer table, Buffer codes, Result rows) {
  return guarded([&] {
    const float *const from = expect<float>(table, {ANY, ANY}, "table");
    const Table t = table_of(table, codes);
    float *const to = expect<float>(*rows, rows_of(codes, t.features), "rows");
    Pool pool(threads);
    gather_rows(pool, t, from, to);
  });
}

static ffi::Error handle_scatter(ffi::ThreadPool threads, Buffer codes, Buffer d_rows,
                                 Result d_table) {
  return guarded([&] {
    float *const to = expect<float>(*d_table, {ANY, ANY}, "d table");
    const Table t = table_of(*d_table, codes);
    const float *const from = expect<float>(d_rows, rows_of(codes, t.features), "d rows");
    Pool pool(threads);
    scatter_rows(pool, t, from, to);
  });
}

// A result is where its argument is: XLA gave them the same memory, or a copy is made.
static float *in_place(const float *before, float *after, int64_t count) {
  if (after != before) std::memcpy(after, before, sizeof(float) * count);
  return after;
}

constexpr int64_t ADAM_PART = 1 << 15;  // numbers for which another thread is worth it

static ffi::Error handle_adam(ffi::ThreadPool threads, Buffer value, Buffer m, Buffer v,
                              Buffer gradient, Buffer rate, Result new_value, Result new_m,
                              Result new_v, float toward_gradient, float toward_square,
                              float epsilon) {
  return guarded([&] {
    const std::vector<int64_t> shape = shape_of(value);
    const int64_t count = value.element_count();
    const auto both = [&](const Buffer &before, Result &after, const char *name) {
      const float *const from = expect<float>(before, shape, name);
      return std::make_pair(from, expect<float>(*after, shape, name));
    };
    const auto of_value = both(value, new_value, "value");
    const auto of_m = both(m, new_m, "m"), of_v = both(v, new_v, "v");
    const float *const g = expect<float>(gradient, shape, "gradient");
    const Adam adam{*expect<float>(rate, {}, "rate"), toward_gradient, toward_square, epsilon};
    float *const p = in_place(of_value.first, of_value.second, count);
    float *const to_m = in_place(of_m.first, of_m.second, count);
    float *const to_v = in_place(of_v.first, of_v.second, count);
    Pool pool(threads);
    const int64_t parts = parts_for(pool, count / ADAM_PART);
    share(pool, parts, [&](int64_t part) {
      const int64_t from = count * part / parts, some = count * (part + 1) / parts - from;
      level()->adam(adam, g + from, p + from, to_m + from, to_v + from, some);
    });
  });
}

}  // namespace recurra

using recurra::Buffer;

#define VISIBLE extern "C" __attribute__((visibility("default")))
VISIBLE XLA_FFI_Error *recurra_forward(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_backward(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_gather(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_scatter(XLA_FFI_CallFrame *);
VISIBLE XLA_FFI_Error *recurra_adam(XLA_FFI_CallFrame *);

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_forward, recurra::handle_forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()       // x
                                  .Arg<Buffer>()       // h
                                  .Arg<Buffer>()       // c
                                  .Arg<Buffer>()       // kernel
                                  .Arg<Buffer>()       // recurrent kernel
                                  .Arg<Buffer>()       // bias
                                  .Arg<Buffer>()       // mask
                                  .Arg<Buffer>()       // dropout
                                  .Ret<Buffer>()       // outputs
                                  .Ret<Buffer>()       // last h
                                  .Ret<Buffer>()       // last c
                                  .Ret<Buffer>()       // number of the tape
                                  .Attr<std::string_view>("cell")
                                  .Attr<bool>("go_backwards"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_backward, recurra::handle_backward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()       // x
                                  .Arg<Buffer>()       // h
                                  .Arg<Buffer>()       // c
                                  .Arg<Buffer>()       // kernel
                                  .Arg<Buffer>()       // recurrent kernel
                                  .Arg<Buffer>()       // bias
                                  .Arg<Buffer>()       // mask
                                  .Arg<Buffer>()       // dropout
                                  .Arg<Buffer>()       // number of the tape
                                  .Arg<Buffer>()       // d outputs
                                  .Arg<Buffer>()       // d last h
                                  .Arg<Buffer>()       // d last c
                                  .Ret<Buffer>()       // dx
                                  .Ret<Buffer>()       // dh
                                  .Ret<Buffer>()       // dc
                                  .Ret<Buffer>()       // d kernel
                                  .Ret<Buffer>()       // d recurrent kernel
                                  .Ret<Buffer>()       // d bias
                                  .Attr<std::string_view>("cell")
                                  .Attr<bool>("go_backwards"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_gather, recurra::handle_gather,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()       // table
                                  .Arg<Buffer>()       // codes
                                  .Ret<Buffer>());     // their rows

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_scatter, recurra::handle_scatter,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()       // codes
                                  .Arg<Buffer>()       // d rows
                                  .Ret<Buffer>());     // d table

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_adam, recurra::handle_adam,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()       // value
                                  .Arg<Buffer>()       // m
                                  .Arg<Buffer>()       // v
                                  .Arg<Buffer>()       // gradient
                                  .Arg<Buffer>()       // corrected learning rate
                                  .Ret<Buffer>()       // new value
                                  .Ret<Buffer>()       // new m
                                  .Ret<Buffer>()       // new v
                                  .Attr<float>("toward_gradient")
                                  .Attr<float>("toward_square")
                                  .Attr<float>("epsilon"));

// Raised when what Python passes changes: a library of other sources is then not called.
VISIBLE int64_t recurra_interface() { return 7; }

// The instruction level in use, or null.
VISIBLE const char *recurra_level() {
  return recurra::level() ? recurra::level()->name : nullptr;
}

// How many calls this process has finished.
VISIBLE int64_t recurra_forward_calls() { return recurra::forward_calls; }
VISIBLE int64_t recurra_backward_calls() { return recurra::backward_calls; }

// How many tapes had gone when their backward call came, and were written once more.
VISIBLE int64_t recurra_recomputed_tapes() { return recurra::recomputed_tapes; }

// Whether there is a kernel of that name.
VISIBLE bool recurra_has_cell(const char *name) {
  return recurra::level() && recurra::cell_named(name, *recurra::level());
}
