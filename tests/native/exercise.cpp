// Runs the native kernels without Python, for the sanitizers and for other processors: every level
// that is here, shapes where blocks and panels end, masks, dropout, denormal numbers, and eight
// callers at once on one pool. Values are compared with a textbook's in double precision, gradients
// with its slope, four threads with one, and eight callers with one.

#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <functional>
#include <random>
#include <thread>

#include "call.h"
#include "embedding.h"

#ifdef __SANITIZE_ADDRESS__
// New memory is full of not-a-number: what is read before it was written shows in the results.
extern "C" const char *__asan_default_options() {
  return "max_malloc_fill_size=1000000000:malloc_fill_byte=255";
}
#endif

namespace {

// How this thread calculates: rounding, and what becomes of denormal numbers.
unsigned long environment() {
  unsigned long word = 0;
#if defined(__x86_64__)
  word = __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
  asm volatile("mrs %0, fpcr" : "=r"(word));
#endif
  return word;
}

// Threads that were not left as they were found.
std::atomic<int> disturbed{0};

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
      const unsigned long before = environment();
      task();
      disturbed += environment() != before;
    }
  }
  std::vector<std::thread> threads_;
  std::deque<std::function<void()>> tasks_;
  std::mutex mutex_;
  std::condition_variable waiting_;
  bool closing_ = false;
};

using Numbers = std::vector<float>;
using Doubles = std::vector<double>;

struct Shape {
  const char *cell;
  int64_t gates, batch, timesteps, features, units;
  enum { NONE, ANYWHERE, EVERYTHING } masking;
  bool dropout, backwards, sequences;

  int64_t columns() const { return gates * units; }
  bool reset_first() const { return std::string_view(cell) == "gru_reset_first"; }
  int64_t biases() const { return gates == 3 && !reset_first() ? 2 : 1; }
};

enum { X, H, C, KERNEL, RECURRENT, BIAS, ARRAYS };  // what a gradient is taken of
template <class List>
using Arrays = std::array<List, ARRAYS>;

struct Problem {
  Shape shape;
  Arrays<Numbers> given;
  Numbers keep, d_outputs, d_h, d_c;
  std::unique_ptr<bool[]> mask;  // true where a step is taken

  explicit Problem(const Shape &s) : shape(s), mask(new bool[s.batch * s.timesteps]) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> draw(-1, 1);
    const auto numbers = [&](int64_t count, int64_t added_up = 1) {
      Numbers list(count);
      for (float &number : list) number = draw(random) / std::sqrt(static_cast<float>(added_up));
      return list;
    };
    const int64_t states = s.batch * s.units, inputs = s.features + s.units;
    given = {numbers(s.batch * s.timesteps * s.features), numbers(states), numbers(states),
             numbers(s.features * s.columns(), s.features), numbers(s.units * s.columns(), s.units),
             numbers(s.biases() * s.columns())};
    keep = s.dropout ? numbers(s.batch * s.gates * inputs) : Numbers(s.batch * s.gates * inputs, 1);
    d_outputs = numbers(s.sequences * s.timesteps * states), d_h = numbers(states);
    d_c = s.gates == 4 ? numbers(states) : Numbers(states);
    for (int64_t i = 0; i < s.batch * s.timesteps; ++i)
      mask[i] = s.masking == Shape::NONE || (s.masking == Shape::ANYWHERE && draw(random) > 0);
  }
};

// What a problem comes to; each array exactly as large as it must be.
struct Solution {
  Numbers outputs, last_h, last_c;
  Arrays<Numbers> gradients;

  template <class Work>
  void each(Work work) const {
    for (const Numbers *list : {&outputs, &last_h, &last_c}) work(*list);
    for (const Numbers &list : gradients) work(list);
  }
};

Solution solve(Pool &pool, const recurra::Level &level, const Problem &problem) {
  const Shape &s = problem.shape;
  const bool lstm = s.gates == 4;
  const int64_t states = s.batch * s.units;
  Solution to{Numbers(s.sequences * s.timesteps * states), Numbers(states), Numbers(states), {}};
  for (int i = 0; i < ARRAYS; ++i) to.gradients[i].resize(problem.given[i].size());

  recurra::Call call{};
  call.batch = s.batch, call.timesteps = s.timesteps, call.features = s.features;
  call.units = s.units, call.go_backwards = s.backwards;
  call.x = problem.given[X].data(), call.h = problem.given[H].data();
  call.c = lstm ? problem.given[C].data() : nullptr;
  call.kernel = problem.given[KERNEL].data();
  call.recurrent_kernel = problem.given[RECURRENT].data(), call.bias = problem.given[BIAS].data();
  call.keep = s.dropout ? problem.keep.data() : nullptr;
  call.outputs = s.sequences ? to.outputs.data() : nullptr;
  call.last_h = to.last_h.data(), call.last_c = to.last_c.data();
  call.d_outputs = s.sequences ? problem.d_outputs.data() : nullptr;
  call.d_last_h = problem.d_h.data(), call.d_last_c = problem.d_c.data();
  call.dx = to.gradients[X].data(), call.dh = to.gradients[H].data();
  call.dc = to.gradients[C].data(), call.d_kernel = to.gradients[KERNEL].data();
  call.d_recurrent_kernel = to.gradients[RECURRENT].data();
  call.d_bias = to.gradients[BIAS].data();
  const recurra::Cell &cell = *recurra::cell_named(s.cell, level);
  Numbers tape(s.timesteps * s.batch * cell.saved(call));
  call.tape = tape.data();
  const bool *mask = s.masking ? problem.mask.get() : nullptr;
  const unsigned long before = environment();
  recurra::forward(pool, cell, call, mask);
  recurra::backward(pool, cell, call, mask);
  disturbed += environment() != before;
  return to;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// sums += inputs times weights, for some gates, each with what dropout leaves it.
void add_product(Doubles &sums, const Shape &s, const double *inputs, int64_t count,
                 const Doubles &weights, const float *keep, int64_t first, int64_t end) {
  for (int64_t k = 0; k < count; ++k)
    for (int64_t gate = first; gate < end; ++gate) {
      const double *weight = weights.data() + k * s.columns() + gate * s.units;
      const double input = inputs[k] * keep[gate * (s.units + s.features) + k];
      double *sum = sums.data() + gate * s.units;
      for (int64_t j = 0; j < s.units; ++j) sum[j] += input * weight[j];
    }
}

// Outputs, last h and last c, as a textbook writes them.
std::array<Doubles, 3> textbook(const Problem &problem, const Arrays<Doubles> &given) {
  const Shape &s = problem.shape;
  Doubles outputs, last_h = given[H], last_c = s.gates == 4 ? given[C] : Doubles(last_h.size());
  const double *biases = given[BIAS].data();
  for (int64_t row = 0; row < s.batch; ++row)
    for (int64_t time = 0; time < s.timesteps; ++time) {
      const int64_t place = row * s.timesteps + (s.backwards ? s.timesteps - 1 - time : time);
      double *h = last_h.data() + row * s.units, *c = last_c.data() + row * s.units;
      if (problem.mask[place]) {
        const float *keep = problem.keep.data() + row * s.gates * (s.units + s.features);
        Doubles of_x(biases, biases + s.columns()), of_h(s.columns());
        if (s.biases() == 2) of_h.assign(biases + s.columns(), biases + 2 * s.columns());
        const int64_t of_state = s.reset_first() ? 2 : s.gates;  // gates that see h itself
        add_product(of_h, s, h, s.units, given[RECURRENT], keep, 0, of_state);
        add_product(of_x, s, given[X].data() + place * s.features, s.features, given[KERNEL],
                    keep + s.units, 0, s.gates);
        Doubles reset(h, h + s.units);
        for (int64_t j = 0; s.reset_first() && j < s.units; ++j)
          reset[j] *= sigmoid(of_x[s.units + j] + of_h[s.units + j]);
        add_product(of_h, s, reset.data(), s.units, given[RECURRENT], keep, of_state, s.gates);
        for (int64_t j = 0; j < s.units; ++j) {
          const auto z = [&](int64_t gate) {
            return of_x[gate * s.units + j] + of_h[gate * s.units + j];
          };
          if (s.gates == 4) {
            c[j] = sigmoid(z(1)) * c[j] + sigmoid(z(0)) * std::tanh(z(2));
            h[j] = sigmoid(z(3)) * std::tanh(c[j]);
          } else if (s.gates == 3) {
            const int64_t n = 2 * s.units + j;
            const double fresh = std::tanh(of_x[n] + (s.reset_first() ? 1 : sigmoid(z(1))) * of_h[n]);
            h[j] = sigmoid(z(0)) * (h[j] - fresh) + fresh;
          } else {
            h[j] = std::tanh(z(0));
          }
        }
      }
      if (s.sequences) outputs.insert(outputs.end(), h, h + s.units);
    }
  return {outputs, last_h, last_c};
}

template <class A, class B>
double dot(const A &a, const B &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// What is exact: the values, and the slope of the loss along a direction that moves every number.
struct Exact {
  std::array<Doubles, 3> values;
  Arrays<Doubles> direction;
  double slope = 0;

  // `near` says only how large each array's gradient is: all arrays are to weigh the same.
  Exact(const Problem &problem, const Arrays<Numbers> &near) {
    std::mt19937 random(11);
    Arrays<Doubles> middle;
    for (int i = 0; i < ARRAYS; ++i) {
      middle[i].assign(problem.given[i].begin(), problem.given[i].end());
      const double length = std::sqrt(dot(near[i], near[i]));
      for (size_t j = 0; j < middle[i].size(); ++j)
        direction[i].push_back((random() % 2 ? 1 : -1) / (length > 0 ? length : 1));
    }
    values = textbook(problem, middle);
    constexpr double step = 1e-6;
    for (const double side : {step, -step}) {
      Arrays<Doubles> beside = middle;
      for (int i = 0; i < ARRAYS; ++i)
        for (size_t j = 0; j < beside[i].size(); ++j) beside[i][j] += side * direction[i][j];
      const auto [outputs, last_h, last_c] = textbook(problem, beside);
      slope += (dot(outputs, problem.d_outputs) + dot(last_h, problem.d_h) +
                dot(last_c, problem.d_c)) / (2 * side);
    }
  }

  double value_error(const Solution &found) const {
    double worst = 0;
    const Numbers *const lists[] = {&found.outputs, &found.last_h, &found.last_c};
    for (int i = 0; i < 3; ++i)
      for (size_t j = 0; j < lists[i]->size(); ++j)
        worst = larger(worst, std::fabs((*lists[i])[j] - values[i][j]));
    return worst;
  }
  double slope_error(const Solution &found) const {
    double sum = -slope;
    for (int i = 0; i < ARRAYS; ++i) sum += dot(direction[i], found.gradients[i]);
    return std::fabs(sum);
  }
  static double larger(double a, double b) { return b <= a ? a : b; }  // not-a-number is largest
};

bool agree(const Solution &a, const Solution &b) {
  std::vector<const Numbers *> lists;
  a.each([&](const Numbers &list) { lists.push_back(&list); });
  bool same = true;
  size_t at = 0;
  b.each([&](const Numbers &list) {
    const Numbers &other = *lists[at++];
    for (size_t j = 0; j < list.size(); ++j)
      same &= std::fabs(list[j] - other[j]) <= 1e-4f * (1 + std::fabs(list[j]));
  });
  return same;
}

// A number that another solution has only if it is the same in every bit.
size_t bits(const Solution &solution) {
  size_t sum = 0;
  solution.each([&](const Numbers &list) {
    const char *bytes = reinterpret_cast<const char *>(list.data());
    sum = 31 * sum + std::hash<std::string_view>{}({bytes, 4 * list.size()});
  });
  return sum;
}

// Where every number is denormal, every result is 0.
bool denormals_vanish(Pool &pool, const recurra::Level &level, const Shape &shape) {
  Problem faint(shape);
  for (Numbers &list : faint.given) std::fill(list.begin(), list.end(), 1e-40f);
  for (Numbers *list : {&faint.d_outputs, &faint.d_h, &faint.d_c})
    std::fill(list->begin(), list->end(), 1e-40f);
  bool nothing = true;
  solve(pool, level, faint).each([&](const Numbers &list) {
    for (const float number : list) nothing &= number == 0;
  });
  return nothing;
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

// Tapes that nobody claims go: by their number, their size and their age; the newest stays.
bool unclaimed_tapes_go() {
  using Memory = recurra::Memory;
  using std::chrono::hours, std::chrono::milliseconds;
  Memory few({1 << 30, hours(1), 2}), small({3000, hours(1), 99}), brief({1 << 30, milliseconds(1), 99});
  bool right = true;
  for (Memory *memory : {&few, &small, &brief}) {
    uint64_t numbers[5];
    for (uint64_t &number : numbers) {
      number = memory->keep(memory->take(250));  // 1,000 bytes
      if (memory == &brief) std::this_thread::sleep_for(milliseconds(3));
    }
    const int64_t here = memory == &brief ? 1 : 3;
    for (int64_t i = 0; i < 5; ++i) right &= (memory->claim(numbers[i]) != nullptr) == (i >= 5 - here);
  }
  const uint64_t large = small.keep(small.take(100000));
  return right && small.claim(large);
}

// Rows of a table by codes that count from either end or are outside; the sums are exact, because a
// row's are always taken in the same order.
bool rows_arrive(Pool &pool, int64_t rows, int64_t features, int64_t count) {
  std::mt19937 random(5);
  std::vector<int32_t> codes(count);
  for (int32_t &code : codes) code = static_cast<int32_t>(random() % (2 * rows + 4)) - rows - 2;
  Numbers table(rows * features), out(count * features), d_out(out.size());
  Numbers d_table(table.size(), 1), sums(table.size());
  for (float &number : table) number = random() % 1000;
  for (float &number : d_out) number = random() % 1000 / 7.0f;
  const recurra::Table shape{rows, features, count, codes.data()};
  recurra::gather_rows(pool, shape, table.data(), out.data());
  recurra::scatter_rows(pool, shape, d_out.data(), d_table.data());
  bool right = true;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = codes[i] < 0 ? codes[i] + rows : codes[i];
    for (int64_t j = 0; j < features; ++j) {
      const float got = out[i * features + j];
      if (row < 0 || row >= rows) {
        right &= std::isnan(got);
        continue;
      }
      right &= got == table[row * features + j];
      sums[row * features + j] += d_out[i * features + j];
    }
  }
  return right && sums == d_table;
}

bool all_rows_arrive(Pool &pool) {
  return rows_arrive(pool, 1, 1, 0) && rows_arrive(pool, 0, 3, 4) && rows_arrive(pool, 7, 3, 5) &&
         rows_arrive(pool, 3, 20, 2000) && rows_arrive(pool, 90, 130, 300);
}

// A step of Adam against its equations in double precision, past the end of the last vector.
bool adam_steps(const recurra::Level &level) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> number(-1, 1);
  bool right = true;
  for (const int64_t count : {0, 1, 15, 16, 17, 333}) {
    Numbers g(count), p(count), m(count), v(count);
    for (Numbers *list : {&g, &p, &m, &v})
      for (float &x : *list) x = number(random);
    for (float &x : v) x *= x;
    const Numbers p0 = p, m0 = m, v0 = v;
    level.adam({0.01f, 0.1f, 0.001f, 1e-7f}, g.data(), p.data(), m.data(), v.data(), count);
    for (int64_t i = 0; i < count; ++i) {
      const double em = m0[i] + (double(g[i]) - m0[i]) * 0.1f;
      const double ev = v0[i] + (double(g[i]) * g[i] - v0[i]) * 0.001f;
      const double ep = p0[i] - 0.01f * em / (std::sqrt(ev) + 1e-7f);
      right &= std::abs(p[i] - ep) < 1e-6 && std::abs(m[i] - em) < 1e-6 &&
               std::abs(v[i] - ev) < 1e-6;
    }
  }
  return right;
}

// Write a control group's file and give what was read from it.
template <class Read>
int64_t read_from(const char *text, const Read &read) {
  const char *file = "granted.tried";
  std::FILE *to = std::fopen(file, "w");
  std::fputs(text, to);
  std::fclose(to);
  const int64_t found = read(file);
  std::remove(file);
  return found;
}

// What a control group grants is understood.
bool grants_are_read() {
  const std::pair<const char *, int64_t> processors[] = {
      {"max 100000\n", INT64_MAX}, {"100000 100000\n", 1}, {"150000 100000\n", 2}, {"", INT64_MAX}};
  bool right = recurra::processors_granted("no such file") == INT64_MAX;
  for (const auto &[text, count] : processors)
    right &= read_from(text, recurra::processors_granted) == count;

  const int64_t machine = recurra::memory_granted({});
  const std::pair<const char *, int64_t> memory[] = {
      {"max\n", machine}, {"1048576\n", 1 << 20}, {"9223372036854771712\n", machine}, {"", machine}};
  for (const auto &[text, bytes] : memory)
    right &= read_from(text, [](const char *file) {
               return recurra::memory_granted({"no such file", file});
             }) == bytes;
  return right && machine > 1 << 20;
}

// Where nobody is to look out for work, nobody does.
bool spinning_ends_at_once() {
  const auto start = recurra::Clock::now();
  const bool came = recurra::spin([] { return false; });
  const bool waited = recurra::Clock::now() - start >= std::chrono::microseconds(200);
  return !came && waited == recurra::spinning();
}

constexpr int VARIANTS = 6;  // of every shape: the first has no mask, no dropout and all outputs

std::vector<Problem> problems() {
  std::vector<Problem> list;
  const struct {
    const char *name;
    int64_t gates;
  } cells[] = {{"simple_rnn", 1}, {"lstm", 4}, {"gru", 3}, {"gru_reset_first", 3}};
  const int64_t sizes[][4] = {
      {1, 1, 1, 1},  {0, 3, 2, 5},    {3, 0, 2, 5},     {2, 3, 0, 5},
      {5, 4, 7, 33}, {53, 6, 32, 16}, {130, 3, 5, 20}, {7, 2, 270, 130},
      {210, 9, 33, 31},  // two blocks in each of four lanes
      {3, 30, 40, 100},  // few rows, whose steps are shared out
      {1, 5, 70, 710}};  // one row, whose inputs are shared out
  for (const auto &cell : cells)
    for (const auto &size : sizes)
      for (int variant = 0; variant < VARIANTS; ++variant)
        list.emplace_back(Shape{cell.name, cell.gates, size[0], size[1], size[2], size[3],
                                decltype(Shape::masking)(variant % 3),
                                variant == 1 || variant == 3, variant % 2 == 1, variant != 4});
  return list;
}

}  // namespace

int main() {
  const std::vector<Problem> list = problems();
  Pool one(1), many(4);
  std::vector<const recurra::Level *> levels;
  for (const recurra::Level *level : recurra::LEVELS)
    if (recurra::has(*level))
      levels.push_back(level);
    else
      std::printf("%s: not tried, this processor lacks it\n", level->name);

  int wrong = 0;
  std::vector<std::unique_ptr<Exact>> exact(list.size());
  std::vector<std::vector<size_t>> expected;
  for (const recurra::Level *level : levels) {
    double value = 0, slope = 0;
    const int64_t before = recurra::Board::shared().given();
    const int wrong_before = wrong;
    expected.emplace_back();
    for (size_t i = 0; i < list.size(); ++i) {
      const Shape &s = list[i].shape;
      const int variant = i % VARIANTS;
      const Solution found = solve(many, *level, list[i]);
      if (!exact[i]) exact[i] = std::make_unique<Exact>(list[i], found.gradients);
      const double values = exact[i]->value_error(found), slopes = exact[i]->slope_error(found);
      const bool vanish = variant > 0 || s.timesteps == 0 || denormals_vanish(many, *level, s);
      const bool same = agree(found, solve(one, *level, list[i]));
      if (!(values < 1e-5) || !(slopes < 1e-4) || !vanish || !same) {
        ++wrong;
        std::printf("%s: %s of %ld rows, %ld steps, %ld features, %ld units, variant %d: values "
                    "%.0e off, slope %.0e off%s%s\n",
                    level->name, s.cell, long(s.batch), long(s.timesteps), long(s.features),
                    long(s.units), variant, values, slopes,
                    vanish ? "" : ", denormal numbers remain",
                    same ? "" : ", one thread and four disagree");
      }
      value = Exact::larger(value, values), slope = Exact::larger(slope, slopes);
      expected.back().push_back(bits(found));
    }
    wrong += !adam_steps(*level);
    const int64_t given = recurra::Board::shared().given() - before;
    std::printf("%s: %zu problems, at most %.0e from the textbook, slope %.0e; %ld shares given to "
                "other threads; %d wrong\n",
                level->name, list.size(), value, slope, long(given), wrong - wrong_before);
    wrong += given == 0;  // nothing would have been tried of what threads share
  }
  wrong += levels.empty() + !grants_are_read() + !unclaimed_tapes_go() + !spinning_ends_at_once();

  std::atomic<int> different{!all_rows_arrive(many) || !all_rows_arrive(one)};
  std::vector<std::thread> callers;
  for (size_t caller = 0; caller < 8; ++caller)
    callers.emplace_back([&, caller] {
      for (size_t i = caller; i < list.size(); i += 8)
        for (size_t l = 0; l < levels.size(); ++l)
          different += bits(solve(many, *levels[l], list[i])) != expected[l][i];
      different += !tapes_arrive(1000 * caller + 1) + !all_rows_arrive(many);
    });
  for (std::thread &caller : callers) caller.join();
  std::printf("8 callers at once, with tables and tapes: %d different; %d threads left otherwise "
              "than found\n",
              different.load(), disturbed.load());
  return wrong || different || disturbed;
}
