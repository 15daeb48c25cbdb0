// What a program without XLA calls: plain C, weights packed once and read by many calls.
//
//     recurra_packed    how many floats the packed weights of a layer take
//     recurra_pack      pack them
//     recurra_read      take sequences through the layer
//
// It is the same arithmetic as XLA's calls, and a row's numbers are the same bits whatever rows
// stand beside it: no call of one row is cut in another way. Who calls has compared all sizes
// (`operations/native.py`). They give 0, or -1 where that cannot be done.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#include "call.h"

namespace recurra {

// Threads for who has none of XLA's; they are made when there is work for more than one.
class Workers {
 public:
  explicit Workers(int64_t threads) : threads_(threads) {}
  int64_t num_threads() const { return threads_; }

  template <class Task>
  void Schedule(Task task) {
    Queue &queue = Shared<Queue>::object();
    const std::lock_guard<std::mutex> lock(queue.mutex);
    queue.tasks.emplace_back(std::move(task));
    if (queue.idle < static_cast<int64_t>(queue.tasks.size())) try {
        std::thread(work).detach();
      } catch (const std::system_error &) {
        return;  // the caller does what nobody else takes
      }
    queue.waiting.notify_one();
  }

  // No more than this process is granted processors.
  static int64_t granted(int64_t wanted) {
    static const int64_t most = processors_granted("/sys/fs/cgroup/cpu.max");
    return std::min(wanted, most);
  }

 private:
  struct Queue {
    std::mutex mutex;
    std::condition_variable waiting;
    std::deque<std::function<void()>> tasks;
    int64_t idle = 0;
  };

  static void work() {
    Queue &queue = Shared<Queue>::object();
    std::unique_lock<std::mutex> lock(queue.mutex);
    for (;;) {
      ++queue.idle;
      const bool came = queue.waiting.wait_for(lock, std::chrono::seconds(10),
                                               [&] { return !queue.tasks.empty(); });
      --queue.idle;
      if (!came) return;
      const std::function<void()> task = std::move(queue.tasks.front());
      queue.tasks.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  const int64_t threads_;
};

static const Cell *cell_of(const char *name) {
  return level() ? cell_named(name, *level()) : nullptr;
}

template <class Work>
static int64_t done(const Work &work) try {
  return work();
} catch (const std::exception &) {  // memory, or a thread, that is not to be had
  return -1;
}

}  // namespace recurra

#define VISIBLE extern "C" __attribute__((visibility("default")))

VISIBLE int64_t recurra_packed(const char *cell, int64_t features, int64_t units) {
  const recurra::Cell *const found = recurra::cell_of(cell);
  recurra::Call call{};
  call.features = features, call.units = units;
  return found ? found->packed(call) : -1;
}

VISIBLE int64_t recurra_pack(const char *cell, int64_t features, int64_t units,
                             const float *kernel, const float *recurrent_kernel, const float *bias,
                             float *packed) {
  const recurra::Cell *const found = recurra::cell_of(cell);
  if (!found) return -1;
  return recurra::done([&] {
    recurra::Call call{};
    call.features = features, call.units = units;
    call.kernel = kernel, call.recurrent_kernel = recurrent_kernel, call.bias = bias;
    recurra::Workers alone(1);
    recurra::pack(alone, *found, call, packed);
    return 0;
  });
}

// c, last_c, mask and outputs may be null; `threads` is the most that take part.
VISIBLE int64_t recurra_read(const char *cell, int64_t batch, int64_t timesteps, int64_t features,
                             int64_t units, int64_t go_backwards, const float *x, const float *h,
                             const float *c, const float *packed, const bool *mask, float *outputs,
                             float *last_h, float *last_c, int64_t threads) {
  const recurra::Cell *const found = recurra::cell_of(cell);
  if (!found) return -1;
  return recurra::done([&] {
    recurra::Call call{};
    call.batch = batch, call.timesteps = timesteps, call.features = features, call.units = units;
    call.go_backwards = go_backwards;
    call.x = x, call.h = h, call.c = c;
    call.outputs = outputs, call.last_h = last_h, call.last_c = last_c;
    const recurra::WithoutDenormals quick;
    const recurra::Schedule schedule(call, mask);
    schedule.put(call);
    recurra::Workers workers(recurra::Workers::granted(threads));
    recurra::forward_packed(workers, *found, call, schedule, packed);
    return 0;
  });
}
