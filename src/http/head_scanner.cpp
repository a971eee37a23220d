#include "characters.hpp"

#include <chat_gateway/http/head_scanner.hpp>

namespace chat_gateway::http {
namespace {

constexpr std::size_t max_method = 32;
/// A request line is a method, the target and this much more, at most.
constexpr std::string_view rest_of_request_line = "  HTTP/1.1\r\n";

}  // namespace

bool head_scanner::fail(unsigned status, std::string_view why) {
    fault_ = head_fault{status, why};
    return false;
}

bool head_scanner::scan(std::string_view bytes) {
    if (fault_) return false;
    while (at_ < bytes.size()) {
        const char c = bytes[at_];
        if (at_ > line_start_ && bytes[at_ - 1] == '\r' && c != '\n')
            return fail(400, "CR without LF");
        if (c == '\n') {
            if (end_line(bytes)) return true;
            if (fault_) return false;
            continue;
        }
        if (in_method_ && c != '\r') {
            if (c == ' ') {
                in_method_ = false;
            } else if (!is_token_char(c) || at_ - line_start_ >= max_method) {
                return fail(400, "not a request line");
            }
        }
        ++at_;
        if (lines_ == 0 &&
            at_ - begin_ > max_method + limits_.target + rest_of_request_line.size()) {
            return fail(414, "request line too long");
        }
        if (at_ - begin_ > limits_.bytes) return fail(431, "head too long");
    }
    return false;
}

/// At a LF. True: the head ends here.
bool head_scanner::end_line(std::string_view bytes) {
    if (at_ == line_start_ || bytes[at_ - 1] != '\r') return fail(400, "LF without CR");
    const bool empty = at_ - line_start_ == 1;
    line_start_ = ++at_;
    if (at_ - begin_ > limits_.bytes) return fail(431, "head too long");
    if (empty && lines_ == 0) {
        if (begin_ != 0) return fail(400, "empty lines");
        begin_ = at_;
        return false;
    }
    if (empty) return true;
    if (lines_ == 0 && in_method_) return fail(400, "not a request line");
    if (++lines_ > limits_.fields + 1) return fail(431, "too many fields");
    return false;
}

}  // namespace chat_gateway::http
