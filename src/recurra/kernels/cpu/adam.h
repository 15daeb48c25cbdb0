// One step of Adam over some numbers of a variable, in one pass through memory.
//
//     m += (g - m)(1 - β₁)      v += (g² - v)(1 - β₂)      p -= α m / (√v + ε)
//
// α is the learning rate times √(1 - β₂ᵗ) / (1 - β₁ᵗ), because m and v begin at zero.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.

namespace recurra {
namespace {

void adam(const Adam &a, const float *__restrict g, float *__restrict p, float *__restrict m,
          float *__restrict v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    m[i] += (g[i] - m[i]) * a.toward_gradient;
    v[i] += (g[i] * g[i] - v[i]) * a.toward_square;
    p[i] -= m[i] * a.rate / (__builtin_sqrtf(v[i]) + a.epsilon);
  }
}

}  // namespace
}  // namespace recurra
