#include <chat_gateway/base/query.hpp>
#include <chat_gateway/engineio/request.hpp>

#include <optional>
#include <utility>

namespace chat_gateway::engineio {

namespace {

/// nullopt: unknown, or switched off.
std::optional<transport> requested_transport(const request_form& form) {
    const auto name = query_value(form.query, "transport");
    if (name == "polling" && form.allow_polling) return transport::polling;
    if (name == "websocket" && form.allow_websocket) return transport::websocket;
    return std::nullopt;
}

std::string only_digits(std::string text) {
    std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
    return text;
}

}  // namespace

std::string_view message_of(request_error e) {
    switch (e) {
        case request_error::unknown_transport:
            return "Transport unknown";
        case request_error::unknown_sid:
            return "Session ID unknown";
        case request_error::bad_handshake_method:
            return "Bad handshake method";
        case request_error::bad_request:
            return "Bad request";
        case request_error::forbidden:
            return "Forbidden";
        case request_error::unsupported_version:
            return "Unsupported protocol version";
    }
    return {};
}

std::string error_body(request_error e) {
    std::string body = R"({"code":)" + std::to_string(static_cast<int>(e)) + R"(,"message":")";
    body += message_of(e);
    body += R"("})";
    return body;
}

std::variant<engine_request, request_error> parse_request(const request_form& form) {
    const auto via = requested_transport(form);
    if (!via) return request_error::unknown_transport;

    engine_request r;
    r.via = *via;
    r.sid = query_value(form.query, "sid").value_or("");
    const bool handshake = r.sid.empty();
    if (handshake && form.method != "GET") return request_error::bad_handshake_method;
    if (r.via == transport::websocket && !form.upgrade) return request_error::bad_request;
    if (handshake && query_value(form.query, "EIO") != "4") {
        return request_error::unsupported_version;
    }
    r.b64 = !query_value(form.query, "b64").value_or("").empty();
    if (auto j = query_value(form.query, "j")) r.jsonp = only_digits(std::move(*j));
    return r;
}

}  // namespace chat_gateway::engineio
