#pragma once

#include <chat_gateway/base/log.hpp>

#include <initializer_list>
#include <string_view>

/// Of lines from level info on, each message passes ten times in ten seconds; what is more is
/// counted, and told in a line of its own when the time is over.
namespace chat_gateway::log {

/// Writes the counts that are due. To be called now and then; writing a line does it as well.
void tell_repeated();
/// Writes all counts, due or not. At the end.
void tell_all_repeated();

/// As write(), however often: for lines that say something new each time.
void write_each(level l, std::string_view message, std::initializer_list<field> fields = {});

}  // namespace chat_gateway::log
