#pragma once

#include <string_view>

/// What may be wrong with a text of the configuration, in words that follow it in a fault line:
/// `"ws" does not begin with /`. Empty: nothing. They never repeat the text, which may be a secret.
namespace chat_gateway::app {

std::string_view check_not_empty(std::string_view text);
std::string_view check_address(std::string_view text);
std::string_view check_unix_path(std::string_view text);
std::string_view check_file_mode(std::string_view text);
std::string_view check_url_path(std::string_view text);
std::string_view check_address_block(std::string_view text);
std::string_view check_bearer_token(std::string_view text);
std::string_view check_origin(std::string_view text);
std::string_view check_cookie_name(std::string_view text);
std::string_view check_table_name(std::string_view text);
std::string_view check_json_pointer(std::string_view text);
std::string_view check_redis_url(std::string_view text);
std::string_view check_postgres_url(std::string_view text);

}  // namespace chat_gateway::app
