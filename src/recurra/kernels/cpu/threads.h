// Work shared out to threads.
//
// XLA's own threads would do, but sleep between calls: to wake one takes about 50 µs, as long as
// many a call, and one that looks for more work in vain is in the way of those that have some. The
// helpers here are one fewer than XLA has threads, since the caller works too; before they sleep they
// look out for work for a while, as the next call of a training step follows soon.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace recurra {

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
    asm volatile("msr fpcr, %0" ::"r"(before_ | (1ul << 24)) : "memory");
  }
  ~WithoutDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_) : "memory"); }

 private:
  unsigned long before_;
#endif
};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Look for a while whether something has come about; others that want this processor go first.
template <class Ready>
void look_out(const Ready &ready) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  do {
    for (int look = 0; look < 32; ++look) {
      if (ready()) return;
      pause();
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
}

class Helpers {
 public:
  static Helpers &shared() {
    static Helpers *const helpers = new Helpers;  // never destroyed: they may still be at work
    return *helpers;
  }

  void schedule(std::function<void()> task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(std::move(task));
      ++waiting_, ++given_;
    }
    woken_.notify_one();
  }

  // How many tasks they have been given.
  int64_t given() const { return given_; }

  // Let there be so many, or more if more were wanted before.
  void grow(int64_t wanted) {
    if (started_ >= wanted) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      for (; started_ < wanted; ++started_) std::thread([this] { help(); }).detach();
    } catch (const std::system_error &) {
      // the system gives no more: what these leave undone the caller does
    }
  }

 private:
  [[noreturn]] void help() {
    for (;;) {
      look_out([this] { return waiting_ > 0; });
      std::unique_lock<std::mutex> lock(mutex_);
      woken_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      --waiting_;
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> tasks_;
  std::atomic<int64_t> waiting_{0}, given_{0}, started_{0};
};

// How many processors' time a container may use, as the file of its control group says; more
// threads would only take time from each other. INT64_MAX where nothing is said.
inline int64_t processors_granted(const char *file) {
  long long quota = 0, period = 0;
  if (std::FILE *from = std::fopen(file, "r")) {
    if (std::fscanf(from, "%lld %lld", &quota, &period) < 2) quota = 0;  // "max"
    std::fclose(from);
  }
  return quota > 0 && period > 0 ? (quota + period - 1) / period : INT64_MAX;
}

// The threads of a call, which is one of them: as many as XLA has, unless fewer are granted.
class Pool {
 public:
  explicit Pool(int64_t threads) : threads_(std::max<int64_t>(1, std::min(threads, granted()))) {
    Helpers::shared().grow(threads_ - 1);
  }
  int64_t threads() const { return threads_; }

 private:
  static int64_t granted() {
    static const int64_t processors = processors_granted("/sys/fs/cgroup/cpu.max");
    return processors;
  }
  const int64_t threads_;
};

// Do `work(0)` .. `work(count - 1)`. The calling thread takes its share and whatever no other thread
// has begun, so that this ends even where all others are busy or waiting.
template <class Work>
void share(const Pool &pool, int64_t count, const Work &work) {
  if (count == 1) {
    const WithoutDenormals quick;
    return work(0);
  }
  struct State {
    std::atomic<int64_t> next{0}, done{0};
    std::mutex mutex;
    std::condition_variable finished;
  };
  const auto state = std::make_shared<State>();
  auto help = [state, count, &work] {  // `work` is touched only while the caller waits
    const WithoutDenormals quick;
    for (int64_t i; (i = state->next++) < count;) {
      work(i);
      const std::lock_guard<std::mutex> lock(state->mutex);
      if (++state->done == count) state->finished.notify_one();
    }
  };
  for (int64_t i = 1; i < std::min(count, pool.threads()); ++i) Helpers::shared().schedule(help);
  help();
  const auto done = [&] { return state->done == count; };
  look_out(done);
  std::unique_lock<std::mutex> lock(state->mutex);
  state->finished.wait(lock, done);
}

}  // namespace recurra
