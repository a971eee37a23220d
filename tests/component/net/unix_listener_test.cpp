#include "support/journal.hpp"
#include "support/raw_client.hpp"
#include "support/temporary_directory.hpp"

#include <chat_gateway/net/unix_listener.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

/// The AF_UNIX listener and its file, on the real file system.
namespace chat_gateway::tests {
namespace {

namespace fs = std::filesystem;
namespace fault = boost::system::errc;
using net::unix_listener;
using net::unix_socket;

/// A socket of another program at that path.
class stranger {
public:
    explicit stranger(const std::string& path, int type = SOCK_STREAM)
        : socket_(::socket(AF_UNIX, type, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* raw = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(socket_.get(), raw, sizeof address) != 0) throw std::runtime_error("no bind");
    }
    void listen(int backlog) const { ::listen(socket_.get(), backlog); }

private:
    net::descriptor socket_;
};

mode_t mode_of(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

bool connects(const std::string& path) {
    try {
        const raw_client c(path);
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

boost::system::error_code failure(const std::string& path) {
    const auto opened = unix_socket::listen(path, 0600);
    return opened ? boost::system::error_code() : opened.error();
}

class UnixSocket : public testing::Test {
protected:
    temporary_directory directory_;
    const std::string path_ = directory_.file("s");
};

TEST_F(UnixSocket, HasTheModeItWasGiven) {
    const mode_t before = ::umask(0077);
    for (const mode_t mode : {0660U, 0600U, 0666U, 0777U, 0000U}) {
        const auto open = unix_socket::listen(path_, mode);
        ASSERT_TRUE(open.has_value()) << open.error();
        EXPECT_EQ(mode_of(path_), mode);
        EXPECT_EQ(open->text(), "unix:" + path_);
    }
    ::umask(before);
}

TEST_F(UnixSocket, FileGoesWithIt) {
    {
        const auto open = unix_socket::listen(path_, 0600);
        EXPECT_TRUE(connects(path_));
    }
    EXPECT_FALSE(fs::exists(fs::symlink_status(path_)));
}

TEST_F(UnixSocket, FileOfADeadProcessIsReplaced) {
    { const stranger died(path_); }
    ASSERT_TRUE(fs::is_socket(path_));
    const auto open = unix_socket::listen(path_, 0600);
    ASSERT_TRUE(open.has_value()) << open.error();
    EXPECT_TRUE(connects(path_));
}

TEST_F(UnixSocket, LiveOneStays) {
    const auto first = unix_socket::listen(path_, 0600);
    EXPECT_EQ(failure(path_), fault::address_in_use);
    EXPECT_TRUE(connects(path_));
}

TEST_F(UnixSocket, LiveOneWithAFullBacklogStays) {
    const stranger busy(path_);
    busy.listen(0);
    const raw_client waits(path_);
    EXPECT_EQ(failure(path_), fault::address_in_use);
    EXPECT_TRUE(fs::is_socket(path_));
}

TEST_F(UnixSocket, LiveOneOfAnotherTypeStays) {
    const stranger datagrams(path_, SOCK_DGRAM);
    EXPECT_EQ(failure(path_), fault::wrong_protocol_type);
    EXPECT_TRUE(fs::is_socket(path_));
}

TEST_F(UnixSocket, WhatIsNoSocketStays) {
    std::ofstream(path_) << "precious";
    EXPECT_EQ(failure(path_), fault::not_a_socket);
    EXPECT_EQ(fs::file_size(path_), 8U);

    const std::string folder = directory_.file("folder");
    fs::create_directory(folder);
    EXPECT_EQ(failure(folder), fault::not_a_socket);

    const std::string dead = directory_.file("dead");
    { const stranger died(dead); }
    const std::string link = directory_.file("link");
    fs::create_symlink(dead, link);
    EXPECT_EQ(failure(link), fault::not_a_socket);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_TRUE(fs::is_socket(dead));
}

TEST_F(UnixSocket, PathsThatCannotBe) {
    EXPECT_EQ(failure(directory_.file("none/s")), fault::no_such_file_or_directory);
    std::ofstream(directory_.file("file")) << "x";
    EXPECT_EQ(failure(directory_.file("file/s")), fault::not_a_directory);
    EXPECT_EQ(failure("s"), fault::invalid_argument);
    EXPECT_EQ(failure(""), fault::invalid_argument);

    const std::string longest =
        directory_.file(std::string(unix_socket::max_path - directory_.file("").size(), 'x'));
    ASSERT_EQ(longest.size(), unix_socket::max_path);
    EXPECT_EQ(failure(longest), boost::system::error_code());
    EXPECT_EQ(failure(longest + 'x'), fault::filename_too_long);
}

TEST_F(UnixSocket, DirectoryWithoutWritePermission) {
    const std::string folder = directory_.file("folder");
    fs::create_directory(folder);
    fs::permissions(directory_.file(""), fs::perms(0755));
    fs::permissions(folder, fs::perms(0555));
    // Root may write anywhere; this takes that from this thread alone.
    constexpr uid_t nobody = 65534;
    const auto before = static_cast<uid_t>(::setfsuid(::geteuid() == 0 ? nobody : ::geteuid()));
    const auto ec = failure(folder + "/s");
    ::setfsuid(before);
    EXPECT_EQ(ec, fault::permission_denied);
}

TEST_F(UnixSocket, DirectoryThatSomebodyKeepsLocked) {
    const net::descriptor directory(::open(directory_.file("").c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_EQ(::flock(directory.get(), LOCK_EX), 0);
    EXPECT_EQ(failure(path_), fault::timed_out);
    EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSocket, FileOfAnotherIsNotRemoved) {
    {
        const auto open = unix_socket::listen(path_, 0600);
        ASSERT_TRUE(open.has_value());
        fs::rename(path_, directory_.file("moved"));
        std::ofstream(path_) << "precious";
    }
    EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixSocket, OfManyThatFindADeadOneOneGetsIt) {
    for (int round = 0; round < 50; ++round) {
        { const stranger died(path_); }
        std::atomic<int> winners = 0;
        std::atomic<int> ready = 0;
        std::atomic<int> tried = 0;
        {
            std::vector<std::jthread> starters;
            for (int n = 0; n < 4; ++n) {
                starters.emplace_back([&] {
                    for (++ready; ready < 4;)
                        std::this_thread::yield();
                    const auto open = unix_socket::listen(path_, 0600);
                    winners += open.has_value() ? 1 : 0;
                    for (++tried; tried < 4;)
                        std::this_thread::yield();
                    if (open) {
                        EXPECT_TRUE(connects(path_));
                    }
                });
            }
        }
        EXPECT_EQ(winners, 1);
        EXPECT_FALSE(fs::exists(path_));
    }
}

/// Loops that greet with their number whom they are dealt.
class UnixListener : public UnixSocket {
protected:
    static constexpr std::size_t loops = 3;

    UnixListener() {
        std::vector<unix_listener::member> members;
        for (std::size_t n = 0; n < loops; ++n) {
            members.push_back({&loops_[n], [this, n](net::stream_socket peer) {
                                   EXPECT_EQ(std::this_thread::get_id(), threads_[n].get_id());
                                   const auto name = std::to_string(n);
                                   ::send(peer.native_handle(), name.data(), 1, MSG_NOSIGNAL);
                                   peers_[n].push_back(std::move(peer));
                               }});
        }
        door_.emplace(unix_socket::listen(path_, 0600).value(), std::move(members));
    }
    ~UnixListener() override {
        for (auto& l : loops_)
            l.stop();
        threads_ = {};
        door_.reset();
        for (auto& l : loops_)
            l.discard();
    }
    void run(std::size_t n) {
        // The handlers read who runs them: not before that is written.
        starting_.lock();
        threads_[n] = std::jthread([this, n] {
            { const std::lock_guard written(starting_); }
            loops_[n].run();
        });
        starting_.unlock();
    }

    std::array<net::event_loop, loops> loops_;
    std::array<std::vector<net::stream_socket>, loops> peers_;
    std::mutex starting_;
    std::array<std::jthread, loops> threads_;
    std::optional<unix_listener> door_;
};

TEST_F(UnixListener, DealsConnectionsOutInTurn) {
    for (std::size_t n = 0; n < loops; ++n)
        run(n);
    for (int round = 0; round < 5; ++round) {
        for (std::size_t n = 0; n < loops; ++n)
            EXPECT_EQ(raw_client(path_).take(1), std::to_string(n));
    }
}

TEST_F(UnixListener, AStormIsDealtOutEvenly) {
    constexpr std::size_t each = 100;
    std::vector<raw_client> clients;
    for (std::size_t n = 0; n < loops * each; ++n)
        clients.emplace_back(path_);
    for (std::size_t n = 0; n < loops; ++n)
        run(n);
    std::array<std::size_t, loops> dealt{};
    for (auto& c : clients)
        ++dealt[static_cast<std::size_t>(c.take(1)[0] - '0')];
    for (const auto count : dealt)
        EXPECT_EQ(count, each);
}

TEST_F(UnixListener, StopRemovesTheFileAndRefusesAtOnce) {
    run(0);
    EXPECT_EQ(raw_client(path_).take(1), "0");
    run_on(loops_[0], [&] { door_->stop(); });
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(connects(path_));
    // Its successor listens before it is gone.
    const auto next = unix_socket::listen(path_, 0600);
    ASSERT_TRUE(next.has_value()) << next.error();
    run_on(loops_[0], [&] { door_->stop(); });
    EXPECT_TRUE(connects(path_));
}

TEST_F(UnixListener, WhatWasDealtOutBeforeAStopStillArrives) {
    run(0);
    EXPECT_EQ(raw_client(path_).take(1), "0");
    raw_client waits(path_);
    raw_client last(path_);
    raw_client own(path_);
    EXPECT_EQ(own.take(1), "0");
    run_on(loops_[0], [&] { door_->stop(); });
    run(1);
    EXPECT_EQ(waits.take(1), "1");
    // A loop that never gets to it closes it.
    loops_[2].discard();
    EXPECT_TRUE(last.at_end());
}

}  // namespace
}  // namespace chat_gateway::tests
