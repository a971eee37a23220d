#include "readiness.hpp"

#include <memory>
#include <utility>

namespace chat_gateway::admin {
namespace {

constexpr std::chrono::seconds patience{2};

struct inquiry {
    std::vector<part_state> parts;
    std::size_t missing = 0;
    unique_function<void(const std::vector<part_state>&)> done;
    scheduler::timer_id deadline = 0;

    void finish() {
        if (auto tell = std::exchange(done, nullptr)) tell(parts);
    }
};

}  // namespace

void check_readiness(gateway::services& services,
                     unique_function<void(const std::vector<part_state>&)> done) {
    auto& timers = services.loop();
    auto all = std::make_shared<inquiry>();
    all->done = std::move(done);
    const auto ask = [&](std::string_view name, std::string_view store, auto& port) {
        const std::size_t i = all->parts.size();
        all->parts.push_back({name, store, make_error_code(errc::timeout)});
        ++all->missing;
        port.ping([all, i, &timers](result<> r) {
            if (!all->done) return;
            all->parts[i].error = r ? boost::system::error_code{} : r.error();
            if (--all->missing != 0) return;
            timers.cancel(all->deadline);
            all->finish();
        });
    };
    const auto& stores = services.stores();
    ask("sessions", stores.sessions, services.sessions());
    ask("bus", stores.bus, services.bus());
    ask("chats", stores.directory, services.directory());
    all->deadline = timers.after(patience, [all] { all->finish(); });
}

}  // namespace chat_gateway::admin
