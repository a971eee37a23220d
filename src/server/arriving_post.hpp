#pragma once

#include <chat_gateway/http/message.hpp>
#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/net/http_server.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace chat_gateway::server {

/// A POST whose body is still arriving, as its session's loop holds it. The connection is another
/// loop's, maybe: what is done to it is done there.
class arriving_post {
public:
    /// `cors`: headers of whatever answer it gets.
    arriving_post(net::event_loop& origin, std::shared_ptr<net::unfinished_request> request,
                  std::vector<http::header> cors)
        : origin_(origin), request_(std::move(request)), cors_(std::move(cors)) {}

    /// On `here`'s thread. Without effect if the body has become complete meanwhile.
    void refuse(net::event_loop& here, http::response r) {
        r.headers = std::move(cors_);
        if (&here == &origin_) return request_->refuse(std::move(r));
        origin_.post(
            [request = request_, r = std::move(r)]() mutable { request->refuse(std::move(r)); });
    }
    void drop(net::event_loop& here) {
        if (&here == &origin_) return request_->drop();
        origin_.post([request = request_] { request->drop(); });
    }

private:
    net::event_loop& origin_;
    std::shared_ptr<net::unfinished_request> request_;
    std::vector<http::header> cors_;
};

}  // namespace chat_gateway::server
