#pragma once

#include <string>

namespace chat_gateway::chat {

/// A finite number as JavaScript's String(value) prints it: shortest digits that read back as the
/// same number, integers plain up to 21 digits, an exponent only beyond.
std::string js_number(double value);

}  // namespace chat_gateway::chat
