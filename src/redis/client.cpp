#include "client.hpp"

namespace chat_gateway::redis {

result<std::size_t> sum_of_subscribers(const result<std::vector<reply>>& answers) {
    if (!answers) return answers.error();
    std::size_t sum = 0;
    for (const auto& answer : *answers) {
        if (answer.elements.size() != 2 || answer.elements[1].integer < 0)
            return make_error_code(errc::unavailable);
        sum += static_cast<std::size_t>(answer.elements[1].integer);
    }
    return sum;
}

void ping(client& c, unique_function<void(result<>)> handler) {
    c.execute({"PING"}, [handler = std::move(handler)](result<reply> r) mutable {
        if (!r)
            handler(r.error());
        else
            handler(r->is_error() ? make_error_code(errc::unavailable) : result<>());
    });
}

}  // namespace chat_gateway::redis
