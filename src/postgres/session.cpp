#include "session.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace chat_gateway::postgres {

session::session(const std::string& url)
    : connection_(url), socket_(::fcntl(connection_.sock(), F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "dup");
}

session::~session() {
    ::close(socket_);
}

}  // namespace chat_gateway::postgres
