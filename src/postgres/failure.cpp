#include "failure.hpp"

#include <string>
#include <string_view>

namespace chat_gateway::postgres {
namespace {

constexpr std::string_view query_canceled = "57014";
constexpr std::string_view shutting_down = "57P";  ///< a class of states: 57P01 and so on

std::string_view state_of(const std::exception& e) {
    const auto* error = dynamic_cast<const pqxx::sql_error*>(&e);
    return error == nullptr ? std::string_view() : std::string_view(error->sqlstate());
}

class refusals final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "chat_gateway.postgres"; }
    std::string message(int) const override {
        return "a query is refused; the log has PostgreSQL's words";
    }
};

}  // namespace

boost::system::error_code refused() {
    static const refusals category;
    return {1, category};
}

failure classify(const std::exception& e, const pqxx::connection& c) {
    const auto state = state_of(e);
    if (state == query_canceled) return failure::timeout;
    const bool broken = dynamic_cast<const pqxx::broken_connection*>(&e) != nullptr;
    if (broken || state.starts_with(shutting_down) || !c.is_open()) return failure::lost;
    return failure::rejected;
}

}  // namespace chat_gateway::postgres
