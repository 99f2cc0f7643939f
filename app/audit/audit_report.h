// What an audit has found, as text for people and as JSON for machines.
#pragma once

#include <string>

#include "app/audit/log_audit.h"

namespace tocsin {

// A line for each mentions partition with its findings below it, the account of each source partition, and the verdict.
std::string RenderLogAudit(const LogAudit& audit);

// One object (docs/DELIVERY.md), with a line feed at its end.
std::string RenderLogAuditJson(const LogAudit& audit);

}  // namespace tocsin
