#include "notifier.hpp"

#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <regex>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace chat_gateway::app {
namespace {

/// The service manager's end.
class manager {
public:
    /// `name`: a path, or `@` and an abstract name.
    explicit manager(std::string name)
        : variables{{"NOTIFY_SOCKET", name}}, socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (name.front() == '@') name.front() = '\0';
        std::memcpy(address.sun_path, name.data(), name.size());
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
            throw std::runtime_error("no bind");
    }
    /// Empty: nothing has come.
    [[nodiscard]] std::string told() const {
        std::array<char, 4096> data{};
        const auto n = ::recv(socket_.get(), data.data(), data.size(), MSG_DONTWAIT);
        return n > 0 ? std::string(data.data(), static_cast<std::size_t>(n)) : std::string();
    }

    const environment variables;

private:
    net::descriptor socket_;
};

TEST(Notifier, SpeaksToAPath) {
    const tests::temporary_directory directory;
    const manager m(directory.file("notify"));
    notifier n(m.variables);
    ASSERT_TRUE(n.on());
    n.ready("serving");
    EXPECT_EQ(m.told(), "READY=1\nSTATUS=serving");
    n.alive();
    EXPECT_EQ(m.told(), "WATCHDOG=1");
    n.status("busy");
    EXPECT_EQ(m.told(), "STATUS=busy");
    n.stopping("going", std::chrono::seconds(15));
    EXPECT_EQ(m.told(), "STOPPING=1\nSTATUS=going\nEXTEND_TIMEOUT_USEC=15000000");
}

TEST(Notifier, SpeaksToAnAbstractName) {
    const manager m("@chat-gateway-test-" + std::to_string(::getpid()));
    notifier n(m.variables);
    n.reloading();
    EXPECT_TRUE(std::regex_match(m.told(), std::regex("RELOADING=1\nMONOTONIC_USEC=[0-9]+")));
}

TEST(Notifier, WithoutASocketSaysNothing) {
    notifier n(environment{});
    EXPECT_FALSE(n.on());
    n.ready("serving");
    for (const char* name : {"", "relative", "@", "vsock:2:1"})
        EXPECT_FALSE(notifier(environment{{"NOTIFY_SOCKET", name}}).on()) << name;
    EXPECT_FALSE(notifier(environment{{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}}).on());
}

TEST(Notifier, BearsAManagerThatHasGone) {
    const tests::temporary_directory directory;
    notifier n(environment{{"NOTIFY_SOCKET", directory.file("nobody")}});
    n.alive();
    n.alive();
    EXPECT_TRUE(n.on());
}

TEST(WatchdogTime, IsForThisProcessOnly) {
    const std::string here = std::to_string(::getpid());
    EXPECT_EQ(watchdog_time({}), std::nullopt);
    EXPECT_EQ(watchdog_time({{"WATCHDOG_USEC", "3000000"}}), std::chrono::seconds(3));
    EXPECT_EQ(watchdog_time({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", here}}),
              std::chrono::seconds(3));
    EXPECT_EQ(watchdog_time({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
    for (const char* text : {"soon", "0", "-1", "1s"})
        EXPECT_EQ(watchdog_time({{"WATCHDOG_USEC", text}}), std::nullopt) << text;
}

}  // namespace
}  // namespace chat_gateway::app
