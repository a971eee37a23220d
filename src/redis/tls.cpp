#include "tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Why a certificate was refused, in OpenSSL's words: "hostname mismatch" says more than
/// "certificate verify failed".
class certificate_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "redis.certificate"; }
    [[nodiscard]] std::string message(int reason) const override {
        return std::string("certificate refused: ") + X509_verify_cert_error_string(reason);
    }
};

error_code certificate_error(long reason) {
    static const certificate_category category;
    return {static_cast<int>(reason), category};
}

error_code configure(ssl::context& context, const url& where) {
    error_code error;
    context.set_options(
        ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
        error);
    if (error) return error;
    if (where.ca_file.empty())
        context.set_default_verify_paths(error);
    else
        context.load_verify_file(where.ca_file, error);
    if (error || where.certificate_file.empty()) return error;
    context.use_certificate_chain_file(where.certificate_file, error);
    if (error) return error;
    context.use_private_key_file(where.key_file, ssl::context::pem, error);
    return error;
}

/// An address is looked for among the certificate's addresses, a name among its names; only a name
/// may be sent along (RFC 6066 section 3).
bool expect_host(SSL* session, const std::string& host) {
    error_code no_address;
    asio::ip::make_address(host, no_address);
    if (!no_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
    return SSL_set1_host(session, host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

class openssl_layer final : public tls_layer {
public:
    openssl_layer(socket& s, ssl::context context)
        : context_(std::move(context)), stream_(s, context_) {}

    asio::awaitable<result<>> handshake() override {
        auto [failed] = co_await stream_.async_handshake(ssl::stream_base::client, as_result);
        const long verdict = SSL_get_verify_result(native());
        if (failed && verdict != X509_V_OK) co_return certificate_error(verdict);
        if (failed) co_return failed;
        co_return result<>();
    }

    asio::awaitable<result<std::size_t>> read_some(asio::mutable_buffer space) override {
        auto [failed, length] = co_await stream_.async_read_some(space, as_result);
        if (failed) co_return failed;
        co_return length;
    }

    void write(asio::const_buffer bytes, unique_function<void(error_code)> done) override {
        asio::async_write(
            stream_, bytes,
            [done = std::move(done)](error_code error, std::size_t) mutable { done(error); });
    }

    [[nodiscard]] bool prepare(const std::string& host) {
        error_code error;
        stream_.set_verify_mode(ssl::verify_peer, error);
        return !error && expect_host(native(), host);
    }

private:
    SSL* native() { return stream_.native_handle(); }

    ssl::context context_;
    ssl::stream<socket&> stream_;
};

}  // namespace

result<std::unique_ptr<tls_layer>> make_tls_layer(tls_layer::socket& s, const url& where) {
    ssl::context context(ssl::context::tls_client);
    if (const auto error = configure(context, where)) return error;
    auto made = std::make_unique<openssl_layer>(s, std::move(context));
    if (!made->prepare(where.host)) return make_error_code(errc::malformed);
    return std::unique_ptr<tls_layer>(std::move(made));
}

}  // namespace chat_gateway::redis
