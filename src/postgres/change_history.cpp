#include "outbox_row.hpp"
#include "outbox_translator.hpp"
#include "query.hpp"
#include "worker_pool.hpp"

#include <chat_gateway/postgres/postgres.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace chat_gateway::postgres {
namespace {

using page = chat::change_history::page;

/// What a row takes beside its texts.
constexpr std::size_t row_overhead = 256;

/// A row is on the bus before it is moved from one table to the other; one statement sees it in
/// either. At most 1000 rows, and none after the first megabyte; without a gap.
constexpr const char* read_sql = R"(
select id, kind, chat_id, coalesce(user_id, ''), payload from (
    select *, sum(octet_length(payload)) over (order by id rows unbounded preceding) - octet_length(payload) as before
    from (select id, kind, chat_id, user_id, coalesce(payload, '') as payload from (
        (select id, kind, chat_id, user_id, payload from chat_gateway.published where id > $1 and id <= $2 order by id limit 1000)
        union all
        (select id, kind, chat_id, user_id, payload from chat_gateway.outbox where id > $1 and id <= $2 order by id limit 1000)
        ) either order by id limit 1000) first_rows) numbered
where before < 1048576 order by id)";
constexpr const char* last_sql =
    "select greatest((select max(id) from chat_gateway.published), "
    "(select swept_to from chat_gateway.published_state))";
constexpr const char* swept_sql = "select swept_to from chat_gateway.published_state";

std::uint64_t number(const pqxx::result& rows) {
    return rows.empty() ? 0 : std::strtoull(rows[0][0].c_str(), nullptr, 10);
}

page read_page(pqxx::connection& c, std::uint64_t after, std::uint64_t up_to) {
    const auto rows = query(c, read_sql, std::to_string(after), std::to_string(up_to));
    page found{.changes = {}, .read_to = up_to, .forgotten_to = 0};
    for (const auto& row : rows) {
        outbox_row one{std::strtoull(row[0].c_str(), nullptr, 10), row[1].c_str(), row[2].c_str(),
                       row[3].c_str(), row[4].c_str()};
        found.read_to = one.id;
        // What the publisher has logged as malformed was not published.
        auto what = change_of(one);
        if (auto* change = std::get_if<chat::change>(&what)) {
            found.changes.push_back(
                {one.id, row_overhead + one.payload.size(), std::move(*change)});
        }
    }
    // Behind the rows: what is swept only grows, so what they lack by then is known.
    const auto swept = query(c, swept_sql);
    if (swept.empty()) throw std::runtime_error("chat_gateway.published_state is empty");
    found.forgotten_to = number(swept);
    return found;
}

class history final : public chat::change_history {
public:
    explicit history(std::shared_ptr<worker_pool> pool) : pool_(std::move(pool)) {}

    void last_published(unique_function<void(result<std::uint64_t>)> handler) override {
        ask<std::uint64_t>(
            *pool_, [](pqxx::connection& c) { return number(query(c, last_sql)); },
            std::move(handler));
    }
    void read(std::uint64_t after, std::uint64_t up_to,
              unique_function<void(result<page>)> handler) override {
        ask<page>(
            *pool_, [after, up_to](pqxx::connection& c) { return read_page(c, after, up_to); },
            std::move(handler));
    }

private:
    std::shared_ptr<worker_pool> pool_;
};

}  // namespace

std::unique_ptr<chat::change_history> make_change_history(std::shared_ptr<worker_pool> pool) {
    return std::make_unique<history>(std::move(pool));
}

}  // namespace chat_gateway::postgres
