#pragma once

#include <chat_gateway/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace chat_gateway::redis {

/// One answer of Redis (RESP2) as a value that owns its bytes.
struct reply {
    enum class kind : std::uint8_t { nil, text, status, error, integer, array };
    kind type = kind::nil;
    std::string text{};  ///< of text, status and error
    std::int64_t integer = 0;
    std::vector<reply> elements{};  ///< of array

    [[nodiscard]] bool is_error() const { return type == kind::error; }
    bool operator==(const reply& other) const = default;
};

/// The first word of an error (`WRONGPASS`). For logs: the rest may repeat what was sent, passwords
/// included.
std::string_view error_code_word(const reply& r);

/// Bytes in, replies out, in whatever pieces they come. After an error the connection has to be
/// remade.
class reply_reader {
public:
    static constexpr std::size_t max_unfinished = std::size_t{64} << 20;  ///< bytes of one reply
    static constexpr std::size_t max_elements = 1U << 16;  ///< of one reply, nested ones too
    static constexpr std::size_t max_depth =
        7;  ///< of arrays in arrays; hiredis 1.x has a thousand

    reply_reader();
    reply_reader(const reply_reader&) = delete;
    reply_reader& operator=(const reply_reader&) = delete;
    ~reply_reader();

    /// Appends the replies that are complete now. errc::malformed, errc::too_large.
    result<> feed(std::string_view bytes, std::vector<reply>& out);

private:
    result<> take_complete(std::vector<reply>& out);

    struct deleter {
        void operator()(redisReader* r) const;
    };
    std::size_t elements_left_ = max_elements;
    std::size_t unfinished_ = 0;
    std::unique_ptr<redisReader, deleter> reader_;
};

/// A command as it goes over the wire, behind what is there already.
void append_command(std::string& out, std::span<const std::string_view> words);
std::string make_command(std::span<const std::string_view> words);
std::string make_command(std::initializer_list<std::string_view> words);

}  // namespace chat_gateway::redis
