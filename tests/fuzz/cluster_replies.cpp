// What nodes of a Redis Cluster say: maps, redirections, and confirmations of sharded channels that
// nobody has asked for.
#include "cluster_slots.hpp"
#include "fuzz/fuzz.hpp"
#include "reply.hpp"
#include "shard_subscriptions.hpp"

using namespace chat_gateway;
using namespace chat_gateway::redis;

namespace {

const node_address a{"10.0.0.1", 1};
const node_address b{"10.0.0.2", 2};

/// Every other slot is of one of them. Made once: it takes longer than all the rest.
const slot_map& shared_by_both() {
    static const slot_map all = [] {
        slot_map map;
        for (unsigned slot = 0; slot < slot_count; ++slot)
            map.move(slot, slot % 2 == 0 ? a : b);
        return map;
    }();
    return all;
}

void check_map(const reply& r) {
    const auto map = slot_map::parse(r, a);
    if (!map) return;
    FUZZ_CHECK(!map->masters().empty() && map->masters().size() <= slot_map::max_masters);
    std::size_t served = 0;
    for (unsigned slot = 0; slot < slot_count; ++slot) {
        const auto* const master = map->master_of(slot);
        if (master == nullptr) continue;
        FUZZ_CHECK(map->has(*master) && !master->host.empty() && master->port != 0);
        ++served;
    }
    FUZZ_CHECK(served > 0);
}

void check_redirection(const reply& r) {
    const auto to = redirection_of(r.text, a);
    using kind = redirection::kind;
    if (to.what != kind::moved && to.what != kind::ask) return;
    FUZZ_CHECK(to.slot < slot_count && !to.to.host.empty() && to.to.port != 0);
    slot_map map;
    map.move(to.slot, to.to);
    FUZZ_CHECK(*map.master_of(to.slot) == to.to);
}

/// Whatever is said, nothing is asked of a node that is not there, and nobody waits for ever.
void check_subscriptions(const std::vector<reply>& said) {
    shard_subscriptions subject{
        backoff(std::chrono::milliseconds(1), std::chrono::milliseconds(1))};
    const std::vector<std::string> channels{"{1}x", "{1}y", "{2}x", "{3}x"};
    std::size_t due = 0;
    shard_subscriptions::waiter refused;
    subject.use(shared_by_both());
    subject.on_up(a);
    subject.subscribe(
        channels, [&](result<>) { ++due; }, refused);
    time_point now{};
    bool b_up = false;
    const auto look = [&] {
        now += std::chrono::milliseconds(1);
        for (const auto& command : subject.take_commands(now)) {
            FUZZ_CHECK(command.at == a || (b_up && command.at == b));
            std::vector<reply> words;
            FUZZ_CHECK(reply_reader().feed(command.bytes, words) && !words.empty());
        }
    };
    look();
    for (std::size_t i = 0; i < said.size(); ++i) {
        if (i % 8 == 3) subject.unsubscribe({channels[i % channels.size()]});
        if (i % 8 == 5)
            subject.subscribe(
                {channels[i % channels.size()]}, [&](result<>) { ++due; }, refused);
        if (i == 6) {
            subject.on_up(b);
            b_up = true;
        }
        const auto& from = b_up && i % 3 == 0 ? b : a;
        if (!subject.on_reply(from, said[i], now)) {
            subject.on_down(from);
            subject.on_up(from);
        }
        look();
    }
    subject.unsubscribe(channels);
    subject.on_down(a);
    subject.on_down(b);
    FUZZ_CHECK(!subject.holds(a) && !subject.holds(b));
    for (auto& w : subject.take_due())
        w({});
    FUZZ_CHECK(subject.take_all().empty());
    (void)subject.take_lost();
    (void)subject.take_restored();
    FUZZ_CHECK(!subject.take_lost() && !subject.take_restored());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::vector<reply> said;
    reply_reader reader;
    (void)reader.feed(bytes, said);
    for (const auto& r : said) {
        check_map(r);
        if (r.is_error()) check_redirection(r);
    }
    check_subscriptions(said);
    return 0;
}
