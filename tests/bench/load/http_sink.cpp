#include "loopback.hpp"
#include "message.hpp"
#include "sink.hpp"

#include <cstdlib>

namespace bench {
namespace {

class http_sink final : public sink {
public:
    explicit http_sink(std::uint16_t port) : server_("POST /v1/messages", port) {}

    void add(std::string_view room, std::string_view content) override {
        messages_ += messages_.empty() ? '[' : ',';
        messages_ += message_json(room, content);
    }

    void flush() override {
        if (messages_.empty()) return;
        messages_ += ']';
        server_.write(
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: " +
            std::to_string(messages_.size()) + "\r\n\r\n" + messages_);
        messages_.clear();
        await_answer();
    }

private:
    void await_answer() {
        constexpr std::string_view length_field = "Content-Length: ";
        std::string answer;
        auto end = answer.npos;
        while ((end = answer.find("\r\n\r\n")) == answer.npos)
            server_.read(answer);
        const auto length = answer.find(length_field);
        if (!answer.starts_with("HTTP/1.1 202") || length > end)
            server_.fail("is answered " + answer.substr(0, 300));
        const auto body = std::strtoul(answer.c_str() + length + length_field.size(), nullptr, 10);
        while (answer.size() < end + 4 + body)
            server_.read(answer);
    }

    loopback server_;
    std::string messages_;
};

}  // namespace

std::unique_ptr<sink> make_http_sink(std::uint16_t port) {
    return std::make_unique<http_sink>(port);
}

}  // namespace bench
