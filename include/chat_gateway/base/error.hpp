#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace chat_gateway {

/// What can go wrong in an expected way, in the words that callers decide on.
enum class errc {
    unavailable = 1,  ///< the other side cannot be reached, or refuses to serve
    timeout,          ///< no answer within the operation's own limit
    malformed,        ///< the bytes are not what their format prescribes
    too_large,        ///< a size limit was exceeded
    overloaded,       ///< a bounded queue is full
    closed,           ///< the object is stopped
};

const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

/// Value or error. Expected failures travel in it; exceptions are for start-up and broken
/// invariants.
template <class T = void>
using result = boost::system::result<T>;

}  // namespace chat_gateway

template <>
struct boost::system::is_error_code_enum<chat_gateway::errc> : std::true_type {};
