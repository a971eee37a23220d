#include <chat_gateway/gateway/public_routes.hpp>

#include <utility>

namespace chat_gateway::gateway {

public_routes::public_routes(server::engine& engine, std::string path, other_routes other)
    : engine_(engine), path_(std::move(path)), other_(std::move(other)) {
    while (path_.ends_with('/'))
        path_.pop_back();
}

// `/ws`, `/ws/` and, as Node's prefix match has it, anything below.
bool public_routes::is_engine_path(std::string_view path) const {
    return path.starts_with(path_) && (path.size() == path_.size() || path[path_.size()] == '/');
}

void public_routes::on_request(http::request r, std::shared_ptr<net::local_exchange> e) {
    if (is_engine_path(r.path)) return engine_.handle(std::move(r), std::move(e));
    if (other_ && other_(r, e)) return;
    http::response none;
    none.status = 404;
    none.headers = engine_.cors_headers(r);
    none.set("Content-Type", "text/plain; charset=utf-8");
    none.body = "Not Found\n";
    e->respond(std::move(none));
}

std::unique_ptr<net::body_watch> public_routes::on_body_begins(
    const http::request& r, std::shared_ptr<net::unfinished_request> u) {
    if (is_engine_path(r.path)) return engine_.body_begins(r, std::move(u));
    if (!other_) u->ignore_body();
    return nullptr;
}

http::response public_routes::on_unusable_body(const http::request& r, unsigned status) {
    return engine_.unusable_body(r, status);
}

}  // namespace chat_gateway::gateway
