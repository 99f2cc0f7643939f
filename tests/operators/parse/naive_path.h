// The path language of mappings (operators/parse/field_path.h), the slow and plain way: each path is read and followed
// anew on the tree of each record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operators/parse/mapping.h"
#include "tests/operators/parse/naive_json.h"

namespace tocsin {

// The values at each path of the field, in order of preference, without nulls. Those of templates are new strings.
std::vector<Tree> Candidates(const Tree& root, const FieldPointers& fields, PostField field);

// `text` is the post's.
std::vector<std::string> ListOf(const Tree& root, const FieldPointers& fields, PostField field,
                                const std::string& text);

}  // namespace tocsin
