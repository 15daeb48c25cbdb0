// What must hold of the buffers that XLA hands over: nothing is read or written before it has been
// compared with the sizes of the call.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace recurra {

// What does not hold, in words.
class Unexpected : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

constexpr int64_t ANY = -1;  // a size that is free

inline void require(bool holds, const char *must_hold) {
  if (!holds) throw Unexpected(must_hold);
}

template <class T>
constexpr xla::ffi::DataType TYPE = xla::ffi::DataType::INVALID;
template <>
constexpr xla::ffi::DataType TYPE<float> = xla::ffi::F32;
template <>
constexpr xla::ffi::DataType TYPE<int32_t> = xla::ffi::S32;
template <>
constexpr xla::ffi::DataType TYPE<uint32_t> = xla::ffi::U32;
template <>
constexpr xla::ffi::DataType TYPE<bool> = xla::ffi::PRED;

inline const char *name_of(xla::ffi::DataType type) {
  switch (type) {
    case xla::ffi::F32: return "float32";
    case xla::ffi::S32: return "int32";
    case xla::ffi::U32: return "uint32";
    case xla::ffi::PRED: return "bool";
    default: return "another type";
  }
}

// A type and a shape as Python writes it; a free size is a star.
template <class Sizes>
std::string described(xla::ffi::DataType type, const Sizes &sizes) {
  std::string list;
  for (const int64_t size : sizes) {
    if (!list.empty()) list += ", ";
    list += size == ANY ? "*" : std::to_string(size);
  }
  return std::string(name_of(type)) + " (" + list + (sizes.size() == 1 ? ",)" : ")");
}

// The numbers of a buffer of that type and shape, null where it has none.
template <class T>
T *expect(const xla::ffi::AnyBuffer &buffer, const std::vector<int64_t> &sizes, const char *name) {
  const auto arrived = buffer.dimensions();
  bool holds = buffer.element_type() == TYPE<T> && arrived.size() == sizes.size();
  for (size_t i = 0; holds && i < sizes.size(); ++i)
    holds = sizes[i] == ANY || sizes[i] == arrived[i];
  if (!holds)
    throw Unexpected(std::string(name) + " must be " + described(TYPE<T>, sizes) + ", but it is " +
                     described(buffer.element_type(), arrived));
  return buffer.element_count() ? static_cast<T *>(buffer.untyped_data()) : nullptr;
}

// The same of what may be left out, which then is (0,).
template <class T>
T *expect_or_nothing(const xla::ffi::AnyBuffer &buffer, const std::vector<int64_t> &sizes,
                     const char *name) {
  const auto arrived = buffer.dimensions();
  const bool nothing = arrived.size() == 1 && arrived[0] == 0;
  return expect<T>(buffer, nothing ? std::vector<int64_t>{0} : sizes, name);
}

}  // namespace recurra
