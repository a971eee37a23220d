#include "engine_impl.hpp"

#include <utility>

/// POSTs whose bodies take their time: a session has one at most, and dies with it.
namespace chat_gateway::server {
namespace {

using engineio::close_reason;
using engineio::transport;

/// Runs `task` on the owner's loop, in order with the requests that are passed there.
template <class Task>
void run_on(net::event_loop& owner, const net::event_loop& here, Task task) {
    if (&owner == &here) return task();
    owner.post(std::move(task));
}

}  // namespace

/// Lives with the connection, on that one's loop, which may go on a little longer than the owner
/// when the process ends.
class engine::impl::post_watch final : public net::body_watch {
public:
    post_watch(impl& owner, std::weak_ptr<void> owner_alive, net::event_loop& here,
               const public_id& sid, std::shared_ptr<arriving_post> post)
        : owner_(owner),
          owner_alive_(std::move(owner_alive)),
          here_(here),
          sid_(sid),
          post_(std::move(post)) {}
    ~post_watch() override { end(true); }
    void settle() override { end(false); }

private:
    void end(bool lost) {
        auto post = std::exchange(post_, nullptr);
        if (!post || owner_alive_.expired()) return;
        run_on(owner_.loop, here_, [&owner = owner_, sid = sid_, post = std::move(post), lost] {
            owner.post_ends(sid, post, lost);
        });
    }

    impl& owner_;
    std::weak_ptr<void> owner_alive_;
    net::event_loop& here_;
    public_id sid_;
    std::shared_ptr<arriving_post> post_;
};

std::unique_ptr<net::body_watch> engine::impl::body_begins(
    const http::request& r, std::shared_ptr<net::unfinished_request> u) {
    // Whoever has no session here is refused whatever the body says, and has no memory for it.
    const auto ignored = [&u]() -> std::unique_ptr<net::body_watch> {
        u->ignore_body();
        return nullptr;
    };
    if (r.method != "POST" || (options.cors && !options.cors->allows(r))) return ignored();
    const auto parsed = engineio::parse_request({.method = r.method,
                                                 .query = r.query,
                                                 .upgrade = r.upgrade,
                                                 .allow_polling = options.allow_polling,
                                                 .allow_websocket = options.allow_websocket});
    const auto* request = std::get_if<engineio::engine_request>(&parsed);
    if (!request || request->via != transport::polling || !request->v4) return ignored();
    const auto sid = public_id::parse(request->sid);
    if (!sid || sid->shard() >= peers.size()) return ignored();

    impl& owner = *peers[sid->shard()]->impl_;
    auto post = std::make_shared<arriving_post>(loop, std::move(u), cors_headers(r));
    run_on(owner.loop, loop, [&owner, sid = *sid, post] { owner.post_begins(sid, post); });
    return std::make_unique<post_watch>(owner, owner.alive_, loop, *sid, std::move(post));
}

void engine::impl::post_begins(const public_id& sid, const std::shared_ptr<arriving_post>& post) {
    session_entry* s = find(sid);
    if (!s) return post->refuse(loop, unknown_session());
    // To be answered when it is complete.
    if (s->lingering || s->life.via() == transport::websocket) return;
    if (!s->posts()) {
        s->polling_now().posting = post;
        return;
    }
    post->refuse(loop, empty_answer(400));
    posts_overlap(sessions.handle_at(sid.index()), *s);
}

/// The newer one has its answer; the older one's client gets none.
void engine::impl::posts_overlap(slot_handle h, session_entry& s) {
    std::exchange(s.polling->posting, nullptr)->drop(loop);
    finish(h, close_reason::transport_error);
}

void engine::impl::post_ends(const public_id& sid, const std::shared_ptr<arriving_post>& post,
                             bool lost) {
    session_entry* s = find(sid);
    if (!s || !s->posts() || s->polling->posting != post) return;
    s->polling->posting.reset();
    if (s->life.via() == transport::websocket) return s->end_polling();
    if (!lost || s->lingering) return;
    finish(sessions.handle_at(sid.index()), close_reason::transport_lost);
}

}  // namespace chat_gateway::server
