#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// A blocking TCP connection to a port of 127.0.0.1. Whatever goes wrong ends the process with a
/// message: a load without its publisher measures nothing.
class loopback {
public:
    loopback(std::string name, std::uint16_t port);
    loopback(const loopback&) = delete;
    loopback& operator=(const loopback&) = delete;
    ~loopback();

    void write(std::string_view bytes) const;
    /// Appends what there is, waiting for something.
    void read(std::string& to) const;
    /// Drops what there is.
    void drain() const;

    [[noreturn]] void fail(const std::string& what) const;

private:
    std::string name_;
    int fd_ = -1;
};

}  // namespace bench
