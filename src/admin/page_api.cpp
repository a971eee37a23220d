// GET /: the operator's page, which asks for everything else by itself.
#include "page_api.hpp"

#include "operator_page.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/base/random.hpp>

#include <string>
#include <string_view>

namespace chat_gateway::admin {
namespace {

constexpr std::size_t nonce_length = 24;

std::string with_nonce(std::string_view page, std::string_view nonce) {
    constexpr std::string_view mark = "{nonce}";
    std::string out;
    out.reserve(page.size() + 2 * nonce.size());
    for (;;) {
        const auto at = page.find(mark);
        out += page.substr(0, at);
        if (at == page.npos) return out;
        out += nonce;
        page.remove_prefix(at + mark.size());
    }
}

}  // namespace

http::response page_answer() {
    const std::string nonce = random_token(nonce_length);
    http::response r;
    r.set("Content-Type", "text/html; charset=utf-8")
        .set("Cache-Control", "no-store")
        .set("Content-Security-Policy",
             "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
                 "'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                 "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
        .set("X-Content-Type-Options", "nosniff")
        .set("X-Frame-Options", "DENY")
        .set("Referrer-Policy", "no-referrer")
        .set("Cross-Origin-Opener-Policy", "same-origin")
        .set("Cross-Origin-Resource-Policy", "same-origin");
    r.body = with_nonce(operator_page, nonce);
    return r;
}

void admin_routes::get_page(http::request, exchange_ptr e) {
    e->respond(page_answer());
}

}  // namespace chat_gateway::admin
