#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <glob.h>
#include <iterator>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace chat_gateway::tests {

/// A PostgreSQL of the test's own: fresh data directory, free loopback port, gone with the object.
/// Throws if it cannot be had. Costs about two seconds, so share one per program.
class postgres_server {
public:
    postgres_server() : bin_(bin_directory()), directory_(make_directory()), port_(free_port()) {
        try {
            run(as_owner(bin_ + "/initdb -D " + data() + " -U postgres -A trust -E UTF8 " +
                         "--locale=C --no-sync"));
            start();
        } catch (...) {
            std::filesystem::remove_all(directory_);
            throw;
        }
    }

    ~postgres_server() {
        if (std::system(to(pg_ctl("-m immediate stop"), log()).c_str()) != 0) {
            std::fprintf(stderr, "PostgreSQL in %s was not running\n", directory_.c_str());
        }
        std::error_code ignored;  // a leftover directory fails no test
        std::filesystem::remove_all(directory_, ignored);
    }

    postgres_server(const postgres_server&) = delete;
    postgres_server& operator=(const postgres_server&) = delete;

    /// Starts it after a stop(), on the same port and data.
    void start() {
        run(pg_ctl("-l " + directory_ + "/server.log -o '-p " + std::to_string(port_) +
                   " -c listen_addresses=127.0.0.1 -c unix_socket_directories=" + directory_ +
                   " -c fsync=off' start"));
    }
    /// Ends it and every connection to it.
    void stop() { run(pg_ctl("-m fast stop")); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const {
        return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/postgres";
    }

    /// Runs statements through psql and returns what they print, unaligned.
    std::string execute(const std::string& sql) {
        const auto script = directory_ + "/script.sql";
        const auto output = directory_ + "/output";
        std::ofstream(script) << sql;
        run("'" + bin_ + "/psql' -qAtX -v ON_ERROR_STOP=1 -d '" + url() + "' -f " + script +
            " -o " + output);
        std::ifstream in(output);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    [[nodiscard]] std::string data() const { return directory_ + "/data"; }
    [[nodiscard]] std::string log() const { return directory_ + "/commands.log"; }

    static std::string bin_directory() {
        glob_t found{};
        glob("/usr/lib/postgresql/*/bin", 0, nullptr, &found);
        const std::unique_ptr<glob_t, void (*)(glob_t*)> guard(&found, globfree);
        if (found.gl_pathc == 0) throw std::runtime_error("PostgreSQL is not installed");
        return found.gl_pathv[found.gl_pathc - 1];
    }

    static std::string make_directory() {
        auto name = (std::filesystem::temp_directory_path() / "cg-postgres-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        std::filesystem::permissions(name, std::filesystem::perms(0755));
        if (geteuid() == 0) run("chown postgres " + name, "/dev/null");
        return name;
    }

    static std::uint16_t free_port() {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        const bool bound = ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
        ::close(fd);
        if (!bound) throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }

    /// PostgreSQL refuses to be root.
    static std::string as_owner(const std::string& command) {
        return geteuid() == 0 ? "runuser -u postgres -- " + command : command;
    }
    [[nodiscard]] std::string pg_ctl(const std::string& arguments) const {
        return as_owner(bin_ + "/pg_ctl -w -D " + data() + " " + arguments);
    }
    static std::string to(const std::string& command, const std::string& log) {
        return "cd / && " + command + " </dev/null >>" + log + " 2>&1";
    }

    void run(const std::string& command) const { run(command, log()); }
    static void run(const std::string& command, const std::string& log) {
        if (std::system(to(command, log).c_str()) == 0) return;
        std::ifstream in(log);
        const std::string said(std::istreambuf_iterator<char>(in), {});
        throw std::runtime_error("failed: " + command + "\n" + said);
    }

    std::string bin_;
    std::string directory_;
    std::uint16_t port_;
};

}  // namespace chat_gateway::tests
