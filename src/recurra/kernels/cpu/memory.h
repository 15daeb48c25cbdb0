// The memory of the calls: aligned floats, blocks that are used again, and the tapes that wait for
// their way back.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include "shared.h"

namespace recurra {

// Ask for large pages where a big array is about to be written for the first time: to hand out the
// tape in pages of 4 KiB takes the system about as long as it takes to fill it.
inline void use_large_pages(float *array, int64_t count) {
#ifdef MADV_HUGEPAGE
  constexpr uintptr_t page = 2 << 20;
  const uintptr_t from = (reinterpret_cast<uintptr_t>(array) + page - 1) / page * page;
  const uintptr_t to = reinterpret_cast<uintptr_t>(array + count) / page * page;
  if (array && from < to) madvise(reinterpret_cast<void *>(from), to - from, MADV_HUGEPAGE);
#else
  (void)array, (void)count;
#endif
}

// Uninitialised floats that begin on a cache line.
class Floats {
 public:
  explicit Floats(int64_t count) : count(count) {
    void *block = nullptr;  // no larger than asked for: a sanitizer sees what is past its end
    if (posix_memalign(&block, 64, sizeof(float) * std::max<int64_t>(count, 1))) throw std::bad_alloc();
    data_ = static_cast<float *>(block);
    use_large_pages(data_, count);
  }
  ~Floats() { std::free(data_); }
  Floats(const Floats &) = delete;
  float *operator+(int64_t offset) const { return data_ + offset; }
  const int64_t count;

 private:
  float *data_;
};

// How many bytes of memory this process may use: what the machine has, or less where a control group
// says so, in the first of these files that is there. A group that grants everything says "max", or a
// number larger than any machine.
inline int64_t memory_granted(std::initializer_list<const char *> files) {
  int64_t bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  for (const char *file : files)
    if (std::FILE *from = std::fopen(file, "r")) {
      long long limit;
      if (std::fscanf(from, "%lld", &limit) == 1) bytes = std::min<int64_t>(bytes, limit);
      std::fclose(from);
      break;
    }
  return bytes;
}

// Memory that outlives a call: what is free again, so that the system need not clear new pages in
// every training step, and tapes on their way from a forward call to its backward call. No tape is
// sure to arrive: the oldest go where they would fill a quarter of the memory, and those that nobody
// has claimed for a minute, or for as many calls as no training step makes; a backward call that
// comes all the same writes its tape once more.
class Memory {
 public:
  using Block = std::unique_ptr<Floats>;
  using Clock = std::chrono::steady_clock;

  struct Limits {
    int64_t bytes = memory_granted({"/sys/fs/cgroup/memory.max",
                                    "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) /
                    4;
    Clock::duration age = std::chrono::minutes(1);
    uint64_t calls = 1000;
  };

  Memory() : Memory(Limits()) {}
  explicit Memory(const Limits &limits) : limits_(limits) {}

  static Memory &shared() { return Shared<Memory>::object(); }

  // The smallest free block of at least so many floats, if it is not far too large, or a new one.
  Block take(int64_t count) {
    const std::lock_guard<std::mutex> lock(mutex_);
    drop_old_tapes();
    const auto found = free_.lower_bound(count);
    if (found == free_.end() || found->first > 4 * count + 4096)
      return std::make_unique<Floats>(count);
    Block block = std::move(found->second);
    idle_ -= found->first;
    free_.erase(found);
    return block;
  }

  void give(Block block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_ + block->count > MOST_IDLE) free_.clear(), idle_ = 0;
    if (block->count > MOST_IDLE) return;
    idle_ += block->count;
    free_.emplace(block->count, std::move(block));
  }

  // Keep a tape; the number by which `claim` gives it back, once.
  uint64_t keep(Block tape) {
    const std::lock_guard<std::mutex> lock(mutex_);
    kept_ += bytes_of(tape);
    tapes_.emplace(++last_, Tape{std::move(tape), Clock::now()});
    drop_old_tapes();
    return last_;
  }

  // The tape of that number, or null where it has gone.
  Block claim(uint64_t number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = tapes_.find(number);
    if (found == tapes_.end()) return nullptr;
    Block tape = std::move(found->second.block);
    kept_ -= bytes_of(tape);
    tapes_.erase(found);
    return tape;
  }

 private:
  struct Tape {
    Block block;
    Clock::time_point when;
  };

  static int64_t bytes_of(const Block &block) { return sizeof(float) * block->count; }

  // The newest stays whatever its size: its backward call is the next to come.
  void drop_old_tapes() {
    const auto oldest_allowed = Clock::now() - limits_.age;
    while (!tapes_.empty()) {
      const auto &[number, tape] = *tapes_.begin();
      const bool too_old = tape.when < oldest_allowed || last_ - number > limits_.calls;
      if (!too_old && (kept_ <= limits_.bytes || tapes_.size() == 1)) return;
      kept_ -= bytes_of(tape.block);
      tapes_.erase(tapes_.begin());
    }
  }

#ifdef __SANITIZE_ADDRESS__
  static constexpr int64_t MOST_IDLE = 0;  // a larger block would hide what is done past its end
#else
  static constexpr int64_t MOST_IDLE = 64 << 20;  // floats: 256 MiB
#endif
  const Limits limits_;
  std::mutex mutex_;
  std::multimap<int64_t, Block> free_;
  std::map<uint64_t, Tape> tapes_;  // oldest first
  int64_t idle_ = 0, kept_ = 0;
  uint64_t last_ = 0;
};

// A block of the shared memory for as long as this lives.
class Scratch {
 public:
  explicit Scratch(int64_t count) : block_(Memory::shared().take(count)) {}
  ~Scratch() { if (block_) Memory::shared().give(std::move(block_)); }
  Scratch(const Scratch &) = delete;
  float *operator+(int64_t offset) const { return *block_ + offset; }

 private:
  Memory::Block block_;
};

}  // namespace recurra
