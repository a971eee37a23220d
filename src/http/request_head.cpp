#include "characters.hpp"
#include "trim.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/request_head.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace chat_gateway::http {
namespace {

using fault = std::optional<head_fault>;

fault bad(std::string_view why) {
    return head_fault{400, why};
}

/// The text up to the next CRLF, which goes from `rest` with it.
std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    return line;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// uri-host [":" port], loosely: what cannot be part of it is refused. Empty is allowed.
bool is_authority(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
    });
}

class parser {
public:
    explicit parser(const head_limits& limits) : limits_(limits) {}

    fault parse(std::string_view head) {
        if (auto f = request_line(take_line(head))) return f;
        for (;;) {
            const auto line = take_line(head);
            if (line.empty()) break;
            if (auto f = field(line)) return f;
        }
        return finish();
    }

    request_head out;

private:
    fault request_line(std::string_view line) {
        const auto method_end = line.find(' ');
        const auto target_end = line.rfind(' ');
        if (method_end == line.npos || target_end == method_end) return bad("not a request line");
        out.message.method = line.substr(0, method_end);
        if (!is_token(out.message.method)) return bad("not a method");
        if (auto f = version(line.substr(target_end + 1))) return f;
        return target(line.substr(method_end + 1, target_end - method_end - 1));
    }

    fault version(std::string_view text) {
        if (text == "HTTP/1.1") return {};
        if (text == "HTTP/1.0") {
            old_ = true;
            return {};
        }
        const bool well_formed = text.size() == 8 && text.starts_with("HTTP/") &&
                                 is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
        return well_formed ? head_fault{505, "HTTP version"} : head_fault{400, "not a version"};
    }

    fault target(std::string_view text) {
        if (text.size() > limits_.target) return head_fault{414, "request target too long"};
        for (const char c : text) {
            if (c <= ' ' || c >= '\x7f' || c == '#') return bad("character in the request target");
        }
        if (text == "*") {
            if (out.message.method != "OPTIONS") return bad("asterisk-form is for OPTIONS");
            out.message.path = "*";
            return {};
        }
        if (!text.starts_with('/')) {
            const auto scheme = text.find("://");
            if (scheme == text.npos || !(iequals(text.substr(0, scheme), "http") ||
                                         iequals(text.substr(0, scheme), "https")))
                return bad("form of the request target");
            text.remove_prefix(scheme + 3);
            authority_ = text.substr(0, text.find_first_of("/?"));
            if (authority_.empty() || !is_authority(authority_))
                return bad("authority of the target");
            text.remove_prefix(authority_.size());
        }
        const auto mark = text.find('?');
        out.message.path = text.substr(0, mark);
        if (out.message.path.empty()) out.message.path = "/";
        if (mark != text.npos) out.message.query = text.substr(mark + 1);
        return {};
    }

    fault field(std::string_view line) {
        if (line.front() == ' ' || line.front() == '\t') return bad("folded field");
        const auto colon = line.find(':');
        if (colon == line.npos) return bad("field without a colon");
        const auto name = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (!is_token(name)) return bad("field name");
        if (!is_field_value(value)) return bad("control character in a field");
        out.message.headers.push_back({std::string(name), std::string(value)});
        return meaning_of(name, value);
    }

    /// Fields that decide how the message is read.
    fault meaning_of(std::string_view name, std::string_view value) {
        if (iequals(name, "Host")) {
            if (has_host_) return bad("two Host fields");
            if (!is_authority(value)) return bad("Host");
            has_host_ = true;
            host_index_ = out.message.headers.size() - 1;
        } else if (iequals(name, "Content-Length")) {
            if (out.framing != body_framing::none) return bad("two lengths");
            out.framing = body_framing::length;
            // Digits only: of an unsigned number from_chars takes neither sign, space nor prefix.
            const auto end = value.data() + value.size();
            const auto [stop, error] = std::from_chars(value.data(), end, out.length);
            if (error != std::errc() || stop != end) return bad("Content-Length");
        } else if (iequals(name, "Transfer-Encoding")) {
            if (out.framing != body_framing::none) return bad("two lengths");
            out.framing = body_framing::chunked;
            if (old_) return bad("Transfer-Encoding in HTTP/1.0");
            if (!iequals(value, "chunked")) return bad("transfer coding");
        } else if (iequals(name, "Connection")) {
            connection_options(value);
        } else if (iequals(name, "Expect") && !old_) {
            if (!iequals(value, "100-continue")) return head_fault{417, "expectation"};
            out.expects_continue = true;
        }
        return {};
    }

    void connection_options(std::string_view list) {
        while (!list.empty()) {
            const auto end = list.find(',');
            const auto option = trim(list.substr(0, end));
            list.remove_prefix(end == list.npos ? list.size() : end + 1);
            close_ = close_ || iequals(option, "close");
            stay_ = stay_ || iequals(option, "keep-alive");
            upgrade_ = upgrade_ || iequals(option, "upgrade");
        }
    }

    fault finish() {
        if (!old_ && !has_host_) return bad("no Host");
        if (!authority_.empty() && has_host_)
            out.message.headers[host_index_].value = authority_;
        else if (!authority_.empty())
            out.message.headers.push_back({"Host", std::string(authority_)});
        out.message.upgrade = upgrade_ && !old_ && out.message.has("Upgrade");
        out.keep_alive = !close_ && (!old_ || stay_);
        return {};
    }

    const head_limits& limits_;
    std::string_view authority_;  ///< of an absolute-form target
    std::size_t host_index_ = 0;
    bool has_host_ = false;
    bool old_ = false;  ///< HTTP/1.0
    bool close_ = false;
    bool stay_ = false;
    bool upgrade_ = false;
};

}  // namespace

std::variant<request_head, head_fault> parse_head(std::string_view head,
                                                  const head_limits& limits) {
    parser p(limits);
    if (const auto f = p.parse(head)) return *f;
    return std::move(p.out);
}

}  // namespace chat_gateway::http
