// Rows of a table by their numbers, and the way back.
//
//     forward    out[i] = table[codes[i]]
//     backward   d_table[codes[i]] += d_out[i]
//
// A negative code counts from the end; one that is outside all the same gives not-a-number, and no
// gradient: so does JAX.
#pragma once

#include <limits>

#include "call.h"

namespace recurra {

struct Table {
  int64_t rows, features, count;
  const int32_t *codes;

  // The row of a code, or -1.
  int64_t row(int64_t i) const {
    const int64_t row = codes[i] < 0 ? codes[i] + rows : codes[i];
    return row < rows ? std::max<int64_t>(row, -1) : -1;
  }
};

// As many parts as threads, unless so many numbers are not worth it.
template <class Pool>
int64_t table_parts(Pool &pool, int64_t numbers) {
  return numbers < 32768 ? 1 : threads_of(pool);
}

template <class Pool>
void gather_rows(Pool &pool, const Table &t, const float *table, float *out) {
  const int64_t parts = table_parts(pool, t.count * t.features);
  share(pool, parts, [&](int64_t part) {
    const int64_t until = t.count * (part + 1) / parts;
    for (int64_t i = t.count * part / parts; i < until; ++i) {
      float *to = out + i * t.features;
      const int64_t row = t.row(i);
      if (row < 0)
        std::fill(to, to + t.features, std::numeric_limits<float>::quiet_NaN());
      else
        std::copy_n(table + row * t.features, t.features, to);
    }
  });
}

// Each part owns some rows of the table and looks at all codes: no two write to the same row, and a
// row's sum is always taken in the same order.
template <class Pool>
void scatter_rows(Pool &pool, const Table &t, const float *d_out, float *d_table) {
  const int64_t parts = table_parts(pool, (t.count + t.rows) * t.features);
  share(pool, parts, [&](int64_t part) {
    const int64_t from = t.rows * part / parts, until = t.rows * (part + 1) / parts;
    std::fill(d_table + from * t.features, d_table + until * t.features, 0.0f);
    for (int64_t i = 0; i < t.count; ++i) {
      const int64_t row = t.row(i);
      if (row < from || row >= until) continue;
      float *to = d_table + row * t.features;
      const float *d = d_out + i * t.features;
      for (int64_t j = 0; j < t.features; ++j) to[j] += d[j];
    }
  });
}

}  // namespace recurra
