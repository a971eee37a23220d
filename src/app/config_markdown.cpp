#include "config_check.hpp"
#include "config_value.hpp"

#include <chat_gateway/app/config_reference.hpp>
#include <chat_gateway/app/config_table.hpp>

#include <string_view>

namespace chat_gateway::app {
namespace {

constexpr std::string_view introduction = R"(# Configuration

This page is made from `src/app/config_table.cpp`; change a key there, then run `config_docs` (last section).

A value comes from, the first that has one:

1. an environment variable,
2. the JSON file given by `--config FILE` (no file is read without it),
3. the default.

`--demo` goes over all of them: sessions, chats and the bus are then in memory, and without a secret a random one is made.

- **File.** `config/chat-gateway.json` holds every key with its default, but for the limits, which it sets ([below](#the-limits-of-the-shipped-files)); an editor that knows JSON Schema completes and checks
  with `config/chat-gateway.schema.json`, which a key `$schema` at the top may name for it: `"$schema": "chat-gateway.schema.json"` (the package
  has it in `/usr/share/chat-gateway`). `//` and `/* */` comments are allowed. Unknown keys, keys said twice and values of a wrong type are faults.
- **Environment.** The variable of a key is `CHAT_GATEWAY_` and its path in upper case, joined by `_`. A list is
  comma-separated. An unknown variable of that beginning is warned about. `SESSION_SECRET` (one secret as a whole, commas included),
  `REDIS_URL`, `DATABASE_URL` and `PORT` work too, unless they are empty or the `CHAT_GATEWAY_` variable of their key is set.
- **Faults.** `--check-config` tells all of them at once, a line each, and exits with 1; so does a normal start:
  `server.port: 70000 is out of range; accepted: an integer from 0 to 65535 (from CHAT_GATEWAY_SERVER_PORT)`.
- **Secrets.** `--print-config` prints the effective values; secrets, and passwords within URLs, show as `***`. Fault lines and
  the log do not repeat them either.
- **Reload.** SIGHUP reads file and environment again, without dropping a connection. The keys marked (reload) count at once; a change of another
  one is named in the log and counts after a restart. With a fault, the log has a line for each and the running configuration stays. The environment
  of a running process does not change, and goes over the file as before: a secret that is to be changed by a reload has its place in the file.
  A limit of connections that was off counts the connections made from then on. With `--demo` the secrets stay.
)";

constexpr std::string_view closing = R"(
## The limits of the shipped files

Without a file no limit is on. `config/chat-gateway.json`, from which the packaged `/etc/chat-gateway/chat-gateway.json` is made, and `config/sc-market.json`
have all of them on, with figures for a site behind nginx:

| key | figure | why |
| --- | --- | --- |
| `server.max_connections` | 50,000 | some 150 MiB; well below the limit of open files of the systemd unit. A gateway that should hold more says so |
| `limits.connections_per_ip` | 1,000 | an office, a school or a mobile network comes from one address: hundreds of people with a few tabs each are not refused, a script that opens connections without end is |
| `limits.handshakes_per_ip_per_s` | 50, and 100 in a burst | the same people, who all come back when their network does: stock clients spread that over seconds, and whoever gets a 429 tries again |
| `limits.connections_per_user` | 100 | tabs and devices of one person, and of a bot |
| `limits.events_per_socket_per_s` | 50, and 100 in a burst | a page joins and leaves the rooms that it shows |

What an address is decides `server.trusted_proxies`: if the proxy's own address is not in it, or the proxy sends no `X-Forwarded-For`, all clients have the
address of the proxy, and share one allowance. Connections by `server.unix_socket` count as a trusted proxy's. Where everybody comes from one address all the same
(a network address translator in front of the proxy), set the two limits by address to 0.

## Changing a key

Edit its row in `src/app/config_table.cpp` (the default is the member's initial value in
`include/chat_gateway/app/settings.hpp`), then write this page, the schema and the example file anew from the top folder:

<!-- run: config files -->
```sh
scripts/build release config_docs && build/release/tests/config_docs write .
```

The test `unit.app.config_files_are_current` fails until that is done.
)";

std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string code(std::string_view text) {
    return text.empty() ? "empty" : '`' + cell(text) + '`';
}

std::string default_text(const config_key& key) {
    const auto value = default_value(key);
    if (const auto* text = std::get_if<std::string>(&value)) return code(*text);
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        std::string all;
        for (const auto& item : *list)
            all += (all.empty() ? "" : ",") + item;
        return code(all);
    }
    return code(value_to_json(value).dump());
}

std::string row(const config_key& key) {
    auto variables = code(environment_name(key.path));
    if (!key.alias.empty()) variables += ", " + code(key.alias);
    return "| " + code(key.path) + " | " + default_text(key) + " | " + cell(accepted_values(key)) +
           " | " + cell(key.meaning) + (key.reloads ? " (reload)" : "") + " | " + variables +
           " |\n";
}

}  // namespace

std::string config_markdown() {
    std::string page(introduction);
    std::string_view section;
    for (const auto& key : config_keys()) {
        const auto own = key.path.substr(0, key.path.find('.'));
        if (own != section) {
            page += "\n## " + std::string(own) +
                    "\n\n| key | default | accepted | meaning | variable |\n"
                    "| --- | --- | --- | --- | --- |\n";
            section = own;
        }
        page += row(key);
    }
    return page + std::string(closing);
}

}  // namespace chat_gateway::app
