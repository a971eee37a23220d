#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/message.hpp>

#include <algorithm>

namespace chat_gateway::http {
namespace {

auto find(const std::vector<header>& headers, std::string_view name) {
    return std::find_if(headers.begin(), headers.end(),
                        [name](const header& h) { return iequals(h.name, name); });
}

}  // namespace

std::string_view request::get(std::string_view name) const {
    const auto found = find(headers, name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

bool request::has(std::string_view name) const {
    return find(headers, name) != headers.end();
}

std::string request::all(std::string_view name) const {
    std::string joined;
    for (const header& h : headers) {
        if (!iequals(h.name, name)) continue;
        if (!joined.empty()) joined += ", ";
        joined += h.value;
    }
    return joined;
}

std::string_view reason_phrase(unsigned status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 413:
            return "Payload Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

}  // namespace chat_gateway::http
