// Serves /metrics, /livez, /readyz (and /healthz, the same as /livez) over HTTP.
//
// Thread-safe after Start; the handlers run on the server's own threads.
#pragma once

#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace tocsin {

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: a free one
    // Empty: ready. Else why not; served with status 503.
    std::function<std::string()> not_ready;
    // Called before each exposition, to bring gauges up to date.
    std::function<void()> before_collect;
  };

  // `registry` must outlive the server. Unavailable when the port is taken.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options,
                                                           const std::shared_ptr<prometheus::Registry>& registry);
  ~HttpServer();

  int port() const { return port_; }

 private:
  struct Server;
  explicit HttpServer(Options options);

  const Options options_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  int port_ = 0;
};

}  // namespace tocsin
