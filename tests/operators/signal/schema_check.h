// Validates a JSON text against a published schema.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

// Empty if `text` is valid, else what is wrong, one a line. `schema_file` is relative to the source root.
std::string SchemaErrors(std::string_view text, const std::string& schema_file = "deploy/schemas/signal.schema.json");

}  // namespace tocsin
