#pragma once

#include <boost/system/result.hpp>
#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

namespace boost::system {

/// Googletest finds it here. Boost's own operator<< takes any result, also of what has no
/// operator<<.
template <class T>
void PrintTo(const result<T, error_code>& r, std::ostream* out) {
    if (!r) {
        *out << "error: " << r.error().message();
    } else if constexpr (!std::is_void_v<T>) {
        *out << testing::PrintToString(*r);
    }
}

}  // namespace boost::system
