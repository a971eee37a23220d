#pragma once

#include <chat_gateway/http/request_head.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace chat_gateway::http {

/// Finds the end of a request's head in bytes that arrive piece by piece, each looked at once. Line
/// ends other than CRLF, too much of anything, and a start that cannot become a request line are
/// faults at once, not when the end is found: a client that sends those need not be waited for.
/// One empty line in front of the request line is skipped (RFC 9112 section 2.2).
class head_scanner {
public:
    explicit head_scanner(const head_limits& limits) : limits_(limits) {}

    /// `bytes`: all that has come so far, a continuation of what was given the last time. True: the
    /// head is complete, begin() and end() say where it lies. False: more is needed, or fault().
    bool scan(std::string_view bytes);
    [[nodiscard]] const std::optional<head_fault>& fault() const { return fault_; }

    [[nodiscard]] std::size_t begin() const { return begin_; }
    [[nodiscard]] std::size_t end() const { return at_; }  ///< behind the empty line

private:
    bool end_line(std::string_view bytes);
    bool fail(unsigned status, std::string_view why);

    head_limits limits_;
    std::optional<head_fault> fault_;
    std::size_t begin_ = 0;
    std::size_t at_ = 0;          ///< the next byte to look at
    std::size_t line_start_ = 0;  ///< of the line that at_ is in
    std::size_t lines_ = 0;       ///< complete ones: the request line and the fields
    bool in_method_ = true;
};

}  // namespace chat_gateway::http
