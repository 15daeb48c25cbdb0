// Work shared out to XLA's own threads. A Pool has `num_threads()` and `Schedule(function)`.
//
// To wake one that sleeps takes some 50 µs, as long as many a call. So one that has helped stays for
// a while and looks out for more before it goes back to XLA: the next call of a training step follows
// soon. Threads of our own would stand in the way of XLA's, which also look out for work. On a machine
// that others share, $RECURRA_SPIN=0 lets every thread sleep as soon as it has nothing to do.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "shared.h"

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

using Clock = std::chrono::steady_clock;

// Whether threads look out for work before they sleep.
inline bool spinning() {
  static const bool on = [] {
    const char *wanted = std::getenv("RECURRA_SPIN");
    return !wanted || std::strcmp(wanted, "0") != 0;
  }();
  return on;
}

// Look for a while whether something has come about; others that want this processor go first.
template <class Ready>
bool spin(const Ready &ready) {
  if (!spinning()) return ready();
  const auto end = Clock::now() + std::chrono::microseconds(200);
  do {
    for (int look = 0; look < 32; ++look) {
      if (ready()) return true;
      pause();
    }
    std::this_thread::yield();
  } while (Clock::now() < end);
  return false;
}

// What is to be done, and the threads that are here to do it.
class Board {
 public:
  static Board &shared() { return Shared<Board>::object(); }

  // How many tasks have been put here.
  int64_t given() const { return given_; }

  // Put a task here; if nobody is free for it, call a thread.
  template <class Pool>
  void put(Pool &pool, std::function<void()> task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(std::move(task));
      ++given_;
      if (++waiting_ <= looking_) return;
    }
    pool.Schedule([this] { help(); });
  }

 private:
  // Do what is here until nothing more comes; but XLA may have work, too, and gets its thread back
  // after some milliseconds. What is left then has called a thread when it was put here.
  void help() {
    const auto end = Clock::now() + std::chrono::milliseconds(5);
    std::unique_lock<std::mutex> lock(mutex_);
    do {
      while (tasks_.empty()) {
        ++looking_;
        lock.unlock();
        const bool came = spin([this] { return waiting_ > 0; });
        lock.lock();
        --looking_;
        if (tasks_.empty() && (!came || Clock::now() > end)) return;
      }
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      --waiting_;
      lock.unlock();
      task();
      lock.lock();
    } while (Clock::now() < end);
  }

  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  std::atomic<int64_t> waiting_{0}, given_{0};
  int64_t looking_ = 0;
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

// The threads of a call, the caller among them.
template <class Pool>
int64_t threads_of(const Pool &pool) {
  return std::max<int64_t>(1, pool.num_threads());
}

// As many parts as threads, but no more than `limit` and at least one.
template <class Pool>
int64_t parts_for(const Pool &pool, int64_t limit) {
  return std::max<int64_t>(1, std::min(limit, threads_of(pool)));
}

// Do `work(0)` .. `work(count - 1)`. The calling thread takes its share and whatever no other thread
// has begun, so that this ends even where all others are busy or waiting.
template <class Pool, class Work>
void share(Pool &pool, int64_t count, const Work &work) {
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
  try {
    for (int64_t i = 1; i < std::min(count, threads_of(pool)); ++i)
      Board::shared().put(pool, help);
  } catch (const std::exception &) {
    // whoever was called has `work` as long as this waits; what nobody takes is done here
  }
  help();
  const auto done = [&] { return state->done == count; };
  spin(done);
  std::unique_lock<std::mutex> lock(state->mutex);
  state->finished.wait(lock, done);
}

// Rounds of as many parts each, done by whoever is there: a round begins when all parts of the one
// before are done. A member takes its own part first, so that what it reads stays near its processor,
// and then what nobody has begun; so a member that never comes keeps nobody waiting.
class Rounds {
 public:
  Rounds(int64_t rounds, int64_t parts) : rounds_(rounds), begun_(parts) {}

  // Take part until all rounds are done.
  template <class Work>
  void join(int64_t member, const Work &work) {
    const int64_t parts = static_cast<int64_t>(begun_.size());
    for (int64_t round; (round = done_ / parts) < rounds_;) {
      for (int64_t i = 0; i < parts; ++i) {
        const int64_t part = (member + i) % parts;
        int64_t before = round;
        if (!begun_[part].rounds.compare_exchange_strong(before, round + 1)) continue;
        work(round, part);
        ++done_;
      }
      while_others_work([&] { return done_ / parts > round; });
    }
  }

 private:
  struct alignas(64) Begun {
    std::atomic<int64_t> rounds{0};
  };

  // To sleep takes longer than a part; but where more threads than processors want to work, another
  // goes first.
  template <class Ready>
  static void while_others_work(const Ready &ready) {
    for (int look = 1; !ready(); ++look)
      if (look % 256)
        pause();
      else
        std::this_thread::yield();
  }

  const int64_t rounds_;
  alignas(64) std::atomic<int64_t> done_{0};
  std::vector<Begun> begun_;
};

}  // namespace recurra
