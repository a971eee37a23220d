#pragma once

#include "temporary_directory.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace chat_gateway::tests {

/// Two authorities, and a certificate that the first has signed for "localhost" and 127.0.0.1; made
/// by openssl's command, and gone with the object.
class tls_certificates {
public:
    tls_certificates() {
        authority("ca");
        authority("other");
        run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout " +
            file("server.key") + " -out " + file("server.csr"));
        shell("printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > " + file("names"));
        run("x509 -req -days 2 -in " + file("server.csr") + " -CA " + file("ca.pem") + " -CAkey " +
            file("ca.key") + " -CAcreateserial -extfile " + file("names") + " -out " +
            file("server.pem"));
    }

    /// ca.pem, other.pem, server.pem, server.key.
    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }

private:
    static void shell(const std::string& command) {
        if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
    }
    static void run(const std::string& command) {
        shell("openssl " + command + " >/dev/null 2>&1");
    }
    void authority(const std::string& name) const {
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
            name + " -keyout " + file(name + ".key") + " -out " + file(name + ".pem"));
    }

    temporary_directory directory_;
};

}  // namespace chat_gateway::tests
