#include "engine_impl.hpp"

#include <chat_gateway/base/text.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::server {
namespace {

class headed_exchange final : public net::exchange {
public:
    headed_exchange(std::shared_ptr<net::exchange> inner, std::vector<http::header> headers)
        : inner_(std::move(inner)), headers_(std::move(headers)) {}
    void respond(http::response r) override {
        merge_vary(r);
        r.headers.insert(r.headers.begin(), std::make_move_iterator(headers_.begin()),
                         std::make_move_iterator(headers_.end()));
        headers_.clear();
        inner_->respond(std::move(r));
    }
    void on_abort(unique_function<void()> handler) override {
        inner_->on_abort(std::move(handler));
    }

private:
    /// One Vary header is enough: some caches read no second one.
    void merge_vary(http::response& r) {
        const auto is_vary = [](const http::header& h) { return iequals(h.name, "Vary"); };
        const auto ours = std::find_if(headers_.begin(), headers_.end(), is_vary);
        const auto theirs = std::find_if(r.headers.begin(), r.headers.end(), is_vary);
        if (ours == headers_.end() || theirs == r.headers.end()) return;
        ours->value += ", " + theirs->value;
        r.headers.erase(theirs);
    }

    std::shared_ptr<net::exchange> inner_;
    std::vector<http::header> headers_;
};

class coded_exchange final : public net::exchange {
public:
    coded_exchange(std::shared_ptr<net::exchange> inner, http::content_coding coding)
        : inner_(std::move(inner)), coding_(coding) {}
    void respond(http::response r) override {
        if (r.status == 200 && r.body.size() >= compression_threshold)
            http::encode_content(r, coding_);
        inner_->respond(std::move(r));
    }
    void on_abort(unique_function<void()> handler) override {
        inner_->on_abort(std::move(handler));
    }

private:
    std::shared_ptr<net::exchange> inner_;
    http::content_coding coding_;
};

/// Lives on the loop that answers. The asking loop's exchange is only carried here; it is used, and
/// dies, at home.
class forwarded_exchange final : public net::exchange,
                                 public std::enable_shared_from_this<forwarded_exchange> {
public:
    forwarded_exchange(net::event_loop& origin, net::event_loop& here,
                       std::shared_ptr<net::exchange> answer)
        : origin_(origin), here_(here), answer_(std::move(answer)) {}
    ~forwarded_exchange() override {
        if (answer_) origin_.post([gone = std::move(answer_)]() mutable { gone.reset(); });
    }
    void respond(http::response r) override {
        abort_ = nullptr;
        if (!answer_) return;
        origin_.post([answer = std::exchange(answer_, nullptr), r = std::move(r)]() mutable {
            answer->respond(std::move(r));
        });
    }
    void on_abort(unique_function<void()> handler) override {
        if (!answer_) return;
        abort_ = std::move(handler);
        // Weak: this loop decides how long the exchange lives, and lets go of the asking side when
        // it does.
        origin_.post([answer = answer_, &here = here_, weak = weak_from_this()]() mutable {
            answer->on_abort([&here, weak = std::move(weak)]() mutable {
                here.post([weak = std::move(weak)] {
                    if (const auto f = weak.lock()) f->abort();
                });
            });
        });
    }
    void abort() {
        if (auto handler = std::exchange(abort_, nullptr)) handler();
    }

private:
    net::event_loop& origin_;
    net::event_loop& here_;
    std::shared_ptr<net::exchange> answer_;
    unique_function<void()> abort_;
};

}  // namespace

std::shared_ptr<net::exchange> with_headers(std::shared_ptr<net::exchange> inner,
                                            std::vector<http::header> headers) {
    return std::make_shared<headed_exchange>(std::move(inner), std::move(headers));
}

std::shared_ptr<net::exchange> with_coding(std::shared_ptr<net::exchange> inner,
                                           http::content_coding coding) {
    return std::make_shared<coded_exchange>(std::move(inner), coding);
}

std::shared_ptr<net::exchange> make_forwarded_exchange(net::event_loop& origin,
                                                       net::event_loop& here,
                                                       std::shared_ptr<net::exchange> answer) {
    return std::make_shared<forwarded_exchange>(origin, here, std::move(answer));
}

}  // namespace chat_gateway::server
