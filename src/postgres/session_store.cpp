#include "query.hpp"
#include "quoted_name.hpp"
#include "read_rows.hpp"
#include "worker_pool.hpp"

#include <chat_gateway/base/batcher.hpp>
#include <chat_gateway/base/text.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::postgres {
namespace {

using record_batcher = batcher<std::string, std::string>;
using records = std::vector<std::pair<std::string, std::string>>;

/// The end of the current second, as connect-pg-simple asks.
long long ceiled_now() {
    using namespace std::chrono;
    return ceil<seconds>(system_clock::now().time_since_epoch()).count();
}

/// What the server's text cannot hold is no session's id.
bool can_exist(const std::string& id) {
    return id.find('\0') == std::string::npos && is_valid_utf8(id);
}

records read_records(pqxx::connection& c, const std::string& sql,
                     const std::vector<std::string>& ids) {
    std::vector<pqxx::result> parts;
    const auto now = ceiled_now();
    read_rows([&](const std::string& some) { return query(c, sql, some, now); }, ids, parts);
    records found;
    for (const auto& rows : parts) {
        for (const auto& row : rows)
            found.emplace_back(row[0].c_str(), row[1].c_str());
    }
    return found;
}

class session_store final : public chat::session_store {
public:
    session_store(std::shared_ptr<worker_pool> pool, std::string_view table)
        : pool_(std::move(pool)),
          probe_("select sid, sess, expire from " + quoted_name(table) + " limit 0"),
          records_({}, [pool = pool_, sql = "select sid, sess::text from " + quoted_name(table) +
                                            " where sid = any($1) and expire >= to_timestamp($2)"](
                           std::vector<std::string> ids,
                           unique_function<void(record_batcher::answer)> done) {
              ask<records>(
                  *pool,
                  [sql, ids = std::move(ids)](pqxx::connection& c) {
                      return read_records(c, sql, ids);
                  },
                  std::move(done));
          }) {}

    void load(std::string session_id, load_handler handler) override {
        if (!can_exist(session_id)) {
            return pool_->post([handler = std::move(handler)]() mutable { handler(std::nullopt); });
        }
        // A batcher with too much to ask says so at once.
        const auto asking = std::make_shared<bool>(true);
        records_.get(std::move(session_id), [pool = pool_, asking, handler = std::move(handler)](
                                                result<std::vector<std::string>> found) mutable {
            result<std::optional<std::string>> answer(std::nullopt);
            if (!found) {
                answer = found.error();
            } else if (!found->empty()) {
                answer = std::optional(std::move(found->front()));
            }
            if (!*asking) return handler(std::move(answer));
            pool->post([handler = std::move(handler), answer = std::move(answer)]() mutable {
                handler(std::move(answer));
            });
        });
        *asking = false;
    }

    void ping(done_handler handler) override {
        pool_->submit({[probe = probe_](pqxx::connection& c) { query(c, probe); },
                       [handler = std::move(handler)](boost::system::error_code error) mutable {
                           if (error) return handler(error);
                           handler({});
                       }},
                      worker_pool::turn::next);
    }

private:
    std::shared_ptr<worker_pool> pool_;
    std::string probe_;
    record_batcher records_;
};

}  // namespace

std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<worker_pool> pool,
                                                        std::string_view table) {
    return std::make_unique<session_store>(std::move(pool), table);
}

}  // namespace chat_gateway::postgres
