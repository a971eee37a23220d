#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/base/text.hpp>

#include <algorithm>
#include <cassert>
#include <span>

namespace chat_gateway {
namespace {

std::string_view as_text(const std::array<unsigned char, 15>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

public_id public_id::make(std::uint8_t shard, std::uint32_t index) {
    assert(index <= max_index);
    public_id id;
    id.bytes_[0] = shard;
    id.bytes_[1] = static_cast<unsigned char>(index >> 16);
    id.bytes_[2] = static_cast<unsigned char>(index >> 8);
    id.bytes_[3] = static_cast<unsigned char>(index);
    random_bytes(std::span(id.bytes_).subspan(4));
    return id;
}

std::optional<public_id> public_id::parse(std::string_view text) {
    if (text.size() != text_size) return std::nullopt;
    const auto bytes = base64url_decode(text);
    if (!bytes) return std::nullopt;
    public_id id;
    std::copy(bytes->begin(), bytes->end(), id.bytes_.begin());
    return id;
}

std::string public_id::text() const {
    return base64url_encode(as_text(bytes_));
}

bool public_id::operator==(const public_id& other) const noexcept {
    return constant_time_equal(as_text(bytes_), as_text(other.bytes_));
}

}  // namespace chat_gateway
