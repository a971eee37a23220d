#include "loopback.hpp"
#include "message.hpp"
#include "sink.hpp"

namespace bench {
namespace {

void append_string(std::string& to, std::string_view text) {
    if (text.size() < 32) {
        to += static_cast<char>(0xa0 | text.size());
    } else if (text.size() < 256) {
        to += '\xd9';
        to += static_cast<char>(text.size());
    } else {
        to += '\xda';
        to += static_cast<char>(text.size() >> 8);
        to += static_cast<char>(text.size());
    }
    to += text;
}

void append_field(std::string& to, std::string_view name, std::string_view value) {
    append_string(to, name);
    append_string(to, value);
}

/// MessagePack of [uid, packet, options], as notepack.io writes it for the emitter.
std::string emitted(std::string_view room, std::string_view content) {
    std::string out("\x93");
    append_string(out, "emitter");
    out += '\x83';
    append_string(out, "type");
    out += '\x02';
    append_string(out, "data");
    out += '\x92';
    append_string(out, "serverMessage");
    out += '\x86';
    append_field(out, "chat_id", room);
    append_field(out, "message_id", message_id);
    append_field(out, "author", message_author);
    append_field(out, "content", content);
    append_string(out, "timestamp");
    out += '\xcf';
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(message_timestamp >> shift);
    append_field(out, "type", message_type);
    append_field(out, "nsp", "/");
    out += '\x83';
    append_string(out, "rooms");
    out += '\x91';
    append_string(out, room);
    append_string(out, "except");
    out += '\x90';
    append_string(out, "flags");
    out += '\x80';
    return out;
}

class redis_sink final : public sink {
public:
    explicit redis_sink(std::uint16_t port) : redis_("Redis", port) {}

    void add(std::string_view room, std::string_view content) override {
        const auto payload = emitted(room, content);
        const auto channel = "socket.io#/#" + std::string(room) + '#';
        buffer_ += "*3\r\n$7\r\nPUBLISH\r\n$" + std::to_string(channel.size()) + "\r\n" + channel +
                   "\r\n$" + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
    }

    void flush() override {
        redis_.write(buffer_);
        buffer_.clear();
        redis_.drain();
    }

private:
    loopback redis_;
    std::string buffer_;
};

}  // namespace

std::unique_ptr<sink> make_redis_sink(std::uint16_t port) {
    return std::make_unique<redis_sink>(port);
}

}  // namespace bench
