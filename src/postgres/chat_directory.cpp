#include "array_literal.hpp"
#include "operators_query.hpp"
#include "query.hpp"
#include "read_rows.hpp"
#include "worker_pool.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::postgres {
namespace {

using chat::user_chat;

/// The protocol's text format has no way to carry it, so no id has it.
bool has_nul(const std::string& id) {
    return id.find('\0') != std::string::npos;
}

void require_columns(const pqxx::result& rows, int count) {
    if (rows.columns() != static_cast<decltype(rows.columns())>(count)) {
        throw std::runtime_error("the configured query must return " + std::to_string(count) +
                                 " columns");
    }
}

/// What is asked, with the parameters' types as docs/configuration.md has them.
struct questions {
    explicit questions(queries q)
        : chats_of_users(std::move(q.chats_of_users), "text[]"),
          can_view_chat(std::move(q.can_view_chat), "text, text"),
          active_users(std::move(q.active_users), "text[]"),
          probe(std::move(q.probe)) {}
    const operators_query chats_of_users;
    const operators_query can_view_chat;
    const operators_query active_users;
    const std::string probe;
};

std::vector<pqxx::result> rows_of(pqxx::connection& c, const operators_query& q,
                                  const std::vector<std::string>& users) {
    std::vector<pqxx::result> parts;
    read_rows([&](const std::string& some) { return q.run(c, {some}); }, users, parts);
    return parts;
}

std::vector<user_chat> chats_of(pqxx::connection& c, const operators_query& q,
                                const std::vector<std::string>& users) {
    std::vector<user_chat> chats;
    for (const auto& rows : rows_of(c, q, users)) {
        require_columns(rows, 2);
        for (const auto& row : rows)
            chats.push_back({row[0].c_str(), row[1].c_str()});
    }
    return chats;
}

std::vector<std::string> active_among(pqxx::connection& c, const operators_query& q,
                                      const std::vector<std::string>& users) {
    std::vector<std::string> active;
    for (const auto& rows : rows_of(c, q, users)) {
        require_columns(rows, 1);
        for (const auto& row : rows)
            active.emplace_back(row[0].c_str());
    }
    return active;
}

bool may_view(pqxx::connection& c, const operators_query& q, const std::string& user,
              const std::string& chat) {
    if (has_nul(user) || has_nul(chat)) return false;
    try {
        const auto rows = q.run(c, {user, chat});
        require_columns(rows, 1);
        return !rows.empty() && std::string_view(rows[0][0].c_str()) == "t";
    } catch (const pqxx::data_exception&) {
        return false;  // an id that is not of the column's type names nobody
    }
}

/// Asked for nobody, the query can only fail for the chat.
bool names_no_chat(pqxx::connection& c, const operators_query& q, const std::string& name) {
    if (has_nul(name)) return true;
    try {
        static_cast<void>(q.run(c, {std::nullopt, name}));
        return false;
    } catch (const pqxx::data_exception&) {
        return true;
    }
}

/// Asks for nobody: whether there is what the queries read, and this role may read it.
void try_all(pqxx::connection& c, const questions& q) {
    query(c, q.probe);
    require_columns(q.chats_of_users.run(c, {array_literal({})}), 2);
    if (!q.active_users.empty()) require_columns(q.active_users.run(c, {array_literal({})}), 1);
    // Of no type that could be wrong: an empty text would be an error in the server's log each
    // time.
    require_columns(q.can_view_chat.run(c, {std::nullopt, std::nullopt}), 1);
}

/// Jobs share the queries, so that they may outlive the directory.
class directory final : public chat::chat_directory {
public:
    directory(std::shared_ptr<worker_pool> pool, queries q)
        : pool_(std::move(pool)), queries_(std::make_shared<const questions>(std::move(q))) {}

    void chats_of_users(std::vector<std::string> users,
                        unique_function<void(result<std::vector<user_chat>>)> handler) override {
        std::erase_if(users, has_nul);
        ask<std::vector<user_chat>>(
            *pool_,
            [q = queries_, users = std::move(users)](pqxx::connection& c) {
                return chats_of(c, q->chats_of_users, users);
            },
            std::move(handler));
    }

    void can_view_chat(std::string user, std::string chat,
                       unique_function<void(result<bool>)> handler) override {
        ask<bool>(
            *pool_,
            [q = queries_, user = std::move(user), chat = std::move(chat)](pqxx::connection& c) {
                return may_view(c, q->can_view_chat, user, chat);
            },
            std::move(handler));
    }

    void is_no_chat(std::string name, unique_function<void(result<bool>)> handler) override {
        ask<bool>(
            *pool_,
            [q = queries_, name = std::move(name)](pqxx::connection& c) {
                return names_no_chat(c, q->can_view_chat, name);
            },
            std::move(handler));
    }

    void active_users(std::vector<std::string> users,
                      unique_function<void(result<std::vector<std::string>>)> handler) override {
        if (!restricts_users()) {
            pool_->post([users = std::move(users), handler = std::move(handler)]() mutable {
                handler(std::move(users));
            });
            return;
        }
        std::erase_if(users, has_nul);
        ask<std::vector<std::string>>(
            *pool_,
            [q = queries_, users = std::move(users)](pqxx::connection& c) {
                return active_among(c, q->active_users, users);
            },
            std::move(handler));
    }

    bool restricts_users() const override { return !queries_->active_users.empty(); }

    void ping(unique_function<void(result<>)> handler) override {
        // Ahead of the queue: a gateway with much to ask is busy, not unready.
        pool_->submit({[q = queries_](pqxx::connection& c) { try_all(c, *q); },
                       [handler = std::move(handler)](boost::system::error_code error) mutable {
                           if (error) return handler(error);
                           handler({});
                       }},
                      worker_pool::turn::next);
    }

private:
    std::shared_ptr<worker_pool> pool_;
    std::shared_ptr<const questions> queries_;
};

}  // namespace

std::unique_ptr<chat::chat_directory> make_chat_directory(std::shared_ptr<worker_pool> pool,
                                                          queries q) {
    return std::make_unique<directory>(std::move(pool), std::move(q));
}

}  // namespace chat_gateway::postgres
