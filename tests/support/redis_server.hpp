#pragma once

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// A real redis-server of this test's own: a free loopback port, a unix socket and a directory that
/// go with it. It can be stopped and started again on the same port, and frozen.
/// CHAT_GATEWAY_TEST_REDIS names another program than redis-server: valkey-server, say.
class redis_server {
public:
    explicit redis_server(std::vector<std::string> arguments = {}, bool tls = false)
        : arguments_(std::move(arguments)), tls_(tls), directory_(make_directory()) {
        for (int attempt = 0; attempt < 5; ++attempt) {
            port_ = free_port();
            if (try_start()) return;  // somebody else may have taken the port meanwhile
        }
        std::filesystem::remove_all(directory_);
        throw std::runtime_error("redis-server does not start: " + output_);
    }
    ~redis_server() {
        stop();
        std::error_code ignored;  // a left-over directory under /tmp is no reason to abort
        std::filesystem::remove_all(directory_, ignored);
    }
    redis_server(const redis_server&) = delete;
    redis_server& operator=(const redis_server&) = delete;

    [[nodiscard]] std::string port() const { return std::to_string(port_); }
    [[nodiscard]] std::string unix_path() const { return directory_ + "/s"; }

    void start() {
        if (!try_start()) throw std::runtime_error("redis-server does not start: " + output_);
    }
    void stop() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);  // it has nothing to save
        ::waitpid(pid_, nullptr, 0);
        ::close(log_);
        pid_ = -1;
    }
    /// Stopped, it loses what it had kept on disk.
    void forget() { std::filesystem::remove_all(directory_ + "/appendonlydir"); }
    /// Keeps its connections and says nothing, as a machine that is out of reach.
    void freeze() {
        ::kill(pid_, SIGSTOP);
        ::waitpid(pid_, nullptr, WUNTRACED);
    }
    void thaw() { ::kill(pid_, SIGCONT); }

    /// Free at this moment.
    static int free_port() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        const bool found = ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
        ::close(fd);
        if (!found) throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }

private:
    static std::string make_directory() {
        std::string path = (std::filesystem::temp_directory_path() / "cg-redis-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr)
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        return path;
    }

    bool try_start() {
        std::array<int, 2> log{};
        if (::pipe2(log.data(), O_CLOEXEC) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe2");
        const char* const named = std::getenv("CHAT_GATEWAY_TEST_REDIS");
        std::vector<std::string> words = {named == nullptr ? "redis-server" : named,
                                          "--port",
                                          tls_ ? "0" : port(),
                                          "--tls-port",
                                          tls_ ? port() : "0",
                                          "--bind",
                                          "127.0.0.1",
                                          "--save",
                                          "",
                                          "--appendonly",
                                          "no",
                                          "--dir",
                                          directory_,
                                          "--unixsocket",
                                          unix_path(),
                                          "--loglevel",
                                          "notice",
                                          "--logfile",
                                          ""};
        words.insert(words.end(), arguments_.begin(), arguments_.end());
        std::vector<char*> argv;
        for (auto& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nothing behind
            ::dup2(log[1], STDOUT_FILENO);
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        ::close(log[1]);
        log_ = log[0];
        if (wait_until_ready()) return true;
        stop();
        return false;
    }

    /// Its log says when it listens; the end of the log is the end of the server.
    bool wait_until_ready() {
        output_.clear();
        std::array<char, 4096> piece;
        while (output_.find("eady to accept connections") == std::string::npos) {
            const auto length = ::read(log_, piece.data(), piece.size());
            if (length < 0 && errno == EINTR) continue;
            if (length <= 0) return false;
            output_.append(piece.data(), static_cast<std::size_t>(length));
        }
        return true;
    }

    std::vector<std::string> arguments_;
    bool tls_;
    std::string directory_;
    std::string output_;
    int port_ = 0;
    int log_ = -1;
    pid_t pid_ = -1;
};

}  // namespace chat_gateway::tests
