// Runs the native kernels without Python, for the sanitizers: shapes where blocks and panels end,
// masks, dropout, and eight callers at once on one pool. One thread and many must agree.

#include <cmath>
#include <cstdio>
#include <deque>
#include <functional>
#include <random>
#include <thread>

#include "call.h"

namespace {

// A pool of the plainest kind.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closing_ = true;
    }
    waiting_.notify_all();
    for (std::thread &thread : threads_) thread.join();
  }
  int64_t num_threads() const { return static_cast<int64_t>(threads_.size()); }
  template <class Task>
  void Schedule(Task task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.emplace_back(task);
    }
    waiting_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      waiting_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const auto task = tasks_.front();
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }
  std::vector<std::thread> threads_;
  std::deque<std::function<void()>> tasks_;
  std::mutex mutex_;
  std::condition_variable waiting_;
  bool closing_ = false;
};

using Numbers = std::vector<float>;

struct Shape {
  const char *cell;
  int64_t batch, timesteps, features, units;
  int masking;  // 0 none, 1 anywhere, 2 everything
  bool keep, backwards, sequences;
};

// Everything the kernels give for one problem, each array exactly as large as it must be.
std::vector<Numbers> solve(Pool &pool, const Shape &shape) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> draw(-0.5f, 0.5f);
  const auto numbers = [&](int64_t count) {
    Numbers list(count);
    for (float &number : list) number = draw(random);
    return list;
  };
  const std::string_view name = shape.cell;
  const recurra::Cell &cell = *recurra::cell_named(name);
  const int64_t b = shape.batch, t = shape.timesteps, f = shape.features, h = shape.units;
  const int64_t columns = cell.gates * h, biases = name == "gru" ? 2 : 1;
  const bool lstm = name == "lstm";
  const Numbers x = numbers(b * t * f), h0 = numbers(b * h), c0 = numbers(b * h);
  const Numbers kernel = numbers(f * columns), recurrent = numbers(h * columns);
  const Numbers bias = numbers(biases * columns), keep = numbers(b * cell.gates * (h + f));
  const Numbers d_outputs = numbers(b * t * h), d_h = numbers(b * h), d_c = numbers(b * h);
  std::unique_ptr<bool[]> mask(new bool[b * t]);
  for (int64_t i = 0; i < b * t; ++i) mask[i] = shape.masking == 1 && draw(random) > 0;
  Numbers outputs(b * t * h), last_h(b * h), last_c(b * h);
  Numbers dx(b * t * f), dh(b * h), dc(b * h), dk(f * columns), dr(h * columns);
  Numbers db(biases * columns);

  recurra::Call call{};
  call.batch = b, call.timesteps = t, call.features = f, call.units = h;
  call.go_backwards = shape.backwards;
  Numbers tape(t * b * cell.saved(call));
  call.x = x.data(), call.h = h0.data(), call.c = lstm ? c0.data() : nullptr;
  call.kernel = kernel.data(), call.recurrent_kernel = recurrent.data(), call.bias = bias.data();
  call.keep = shape.keep ? keep.data() : nullptr;
  call.outputs = shape.sequences ? outputs.data() : nullptr;
  call.last_h = last_h.data(), call.last_c = last_c.data(), call.tape = tape.data();
  call.d_outputs = shape.sequences ? d_outputs.data() : nullptr;
  call.d_last_h = d_h.data(), call.d_last_c = d_c.data();
  call.dx = dx.data(), call.dh = dh.data(), call.dc = dc.data();
  call.d_kernel = dk.data(), call.d_recurrent_kernel = dr.data(), call.d_bias = db.data();
  const bool *given = shape.masking ? mask.get() : nullptr;
  recurra::forward(pool, cell, call, given);
  recurra::backward(pool, cell, call, given);
  return {outputs, last_h, last_c, dx, dh, dc, dk, dr, db};
}

bool agree(const std::vector<Numbers> &a, const std::vector<Numbers> &b) {
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < a[i].size(); ++j)
      if (!(std::fabs(a[i][j] - b[i][j]) <= 1e-4f * (1 + std::fabs(b[i][j])))) return false;
  return true;
}

// A tape comes back once, and the whole of it may be written.
bool tapes_arrive(int64_t count) {
  recurra::Memory &memory = recurra::Memory::shared();
  recurra::Memory::Block tape = memory.take(count);
  std::fill(*tape + 0, *tape + count, 1.0f);
  const uint64_t number = memory.keep(std::move(tape));
  recurra::Memory::Block back = memory.claim(number);
  if (!back || memory.claim(number)) return false;
  memory.give(std::move(back));
  return true;
}

}  // namespace

int main() {
  std::vector<Shape> shapes;
  const char *const cells[] = {"simple_rnn", "lstm", "gru", "gru_reset_first"};
  const int64_t sizes[][4] = {{1, 1, 1, 1},   {0, 3, 2, 5},   {3, 0, 2, 5},    {5, 4, 7, 33},
                              {53, 6, 32, 16}, {130, 3, 5, 20}, {7, 2, 270, 130},
                              {1, 5, 70, 710}};
  for (const char *cell : cells)
    for (const auto &size : sizes)
      for (int variant = 0; variant < 6; ++variant)
        shapes.push_back({cell, size[0], size[1], size[2], size[3], variant % 3,
                          variant == 1 || variant == 3, variant % 2 == 1, variant != 4});
  Pool one(1), many(4);
  for (const Shape &shape : shapes)
    if (!agree(solve(many, shape), solve(one, shape))) {
      std::printf("%s: one thread and four disagree\n", shape.cell);
      return 1;
    }
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller)
    callers.emplace_back([&, caller] {
      for (size_t i = caller; i < shapes.size(); i += 8)
        if (!agree(solve(many, shapes[i]), solve(many, shapes[i])) || !tapes_arrive(1 + i)) ++wrong;
    });
  for (std::thread &caller : callers) caller.join();
  std::printf("%zu problems at %s, %d wrong\n", shapes.size(), recurra::level()->name, wrong.load());
  return wrong != 0;
}
