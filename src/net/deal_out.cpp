#include "deal_out.hpp"

#include <cstddef>
#include <sys/socket.h>
#include <utility>

namespace chat_gateway::net {

std::shared_ptr<accept_loop> deal_out(accept_loop::protocol kind, descriptor listening,
                                      std::vector<accepting_loop> members) {
    event_loop& first = *members.front().loop;
    // Mailboxes may hold a share of it longer than the acceptor lives.
    const auto shared = std::make_shared<const std::vector<accepting_loop>>(std::move(members));
    return accept_loop::start(
        first, kind, std::move(listening),
        [shared, kind, next = std::size_t{0}](descriptor accepted) mutable {
            if (kind.family() != AF_UNIX) set_no_delay(accepted);
            const accepting_loop& m = (*shared)[next];
            next = (next + 1) % shared->size();
            m.loop->post([shared, &m, kind, accepted = std::move(accepted)]() mutable {
                auto peer = connected_socket(*m.loop, kind, std::move(accepted));
                if (peer) m.on_accept(std::move(*peer));
            });
        });
}

}  // namespace chat_gateway::net
