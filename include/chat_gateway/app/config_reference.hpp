#pragma once

#include <string>

/// The files about the configuration that are made of config_table. tests/support/config_docs.cpp
/// writes them.
namespace chat_gateway::app {

std::string config_schema();    ///< config/chat-gateway.schema.json
std::string config_example();   ///< config/chat-gateway.json
std::string config_markdown();  ///< docs/configuration.md

}  // namespace chat_gateway::app
