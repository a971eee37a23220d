#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/session_cookie.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace chat_gateway::chat {
namespace {

constexpr std::string_view signed_prefix = "s:";

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned int size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, data.size(),
             digest.data(), &size) == nullptr) {
        throw std::runtime_error("HMAC-SHA256 is not available");
    }
    return {reinterpret_cast<const char*>(digest.data()), size};
}

/// `<id>.<signature>`, which is what is compared.
std::string sign(std::string_view session_id, std::string_view secret) {
    auto signature = base64_encode(hmac_sha256(secret, session_id));
    while (signature.ends_with('='))
        signature.pop_back();
    return std::string(session_id) + "." + signature;
}

}  // namespace

std::optional<std::string> verify_session_cookie(std::string_view value,
                                                 const std::vector<std::string>& secrets) {
    if (!value.starts_with(signed_prefix)) return std::nullopt;
    value.remove_prefix(signed_prefix.size());
    const auto dot = value.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return std::nullopt;
    const auto session_id = value.substr(0, dot);

    bool genuine = false;
    for (const auto& secret : secrets) {
        // Anybody can sign with an empty secret.
        genuine |= !secret.empty() && constant_time_equal(sign(session_id, secret), value);
    }
    if (!genuine) return std::nullopt;
    return std::string(session_id);
}

std::string sign_session_cookie(std::string_view session_id, std::string_view secret) {
    return std::string(signed_prefix) + sign(session_id, secret);
}

}  // namespace chat_gateway::chat
