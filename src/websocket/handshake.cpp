#include <chat_gateway/base/text.hpp>
#include <chat_gateway/websocket/handshake.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace chat_gateway::websocket {
namespace {

bool is_base64_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

}  // namespace

std::string accept_key(std::string_view client_key) {
    const auto text = std::string(client_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL has no SHA-1");
    }
    return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

bool is_valid_key(std::string_view client_key) {
    return client_key.size() == 24 && client_key.ends_with("==") &&
           std::all_of(client_key.begin(), client_key.end() - 2, is_base64_digit);
}

}  // namespace chat_gateway::websocket
