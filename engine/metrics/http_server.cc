#include "engine/metrics/http_server.h"

#include <httplib.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin {

struct HttpServer::Server {
  httplib::Server http;
};

HttpServer::HttpServer(Options options) : options_(std::move(options)), server_(std::make_unique<Server>()) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options,
                                                              const std::shared_ptr<prometheus::Registry>& registry) {
  std::unique_ptr<HttpServer> self(new HttpServer(std::move(options)));
  httplib::Server& http = self->server_->http;
  const Options& settings = self->options_;
  // Scrapes and probes are rare, but a connection has a thread for itself, and slow or idle ones must not keep the
  // probes out: so there are some, and none is kept for a second request.
  http.new_task_queue = [] { return new httplib::ThreadPool(8); };
  http.set_keep_alive_max_count(1);
  http.set_read_timeout(2, 0);
  http.set_write_timeout(5, 0);
  http.set_payload_max_length(1 << 16);
  http.Get("/metrics", [&settings, registry](const httplib::Request&, httplib::Response& response) {
    if (settings.before_collect) settings.before_collect();
    response.set_content(prometheus::TextSerializer().Serialize(registry->Collect()),
                         "text/plain; version=0.0.4; charset=utf-8");
  });
  const auto live = [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  };
  http.Get("/livez", live);
  http.Get("/healthz", live);
  http.Get("/readyz", [&settings](const httplib::Request&, httplib::Response& response) {
    const std::string reason = settings.not_ready ? settings.not_ready() : "";
    if (!reason.empty()) response.status = 503;
    response.set_content(reason.empty() ? "ok\n" : absl::StrCat(reason, "\n"), "text/plain");
  });
  // httplib would let several processes listen on one port, which then answer in turn as chance has it.
  http.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  if (settings.port == 0) {
    self->port_ = http.bind_to_any_port(settings.host);
  } else if (http.bind_to_port(settings.host, settings.port)) {
    self->port_ = settings.port;
  } else {
    self->port_ = -1;
  }
  if (self->port_ <= 0) {
    return absl::UnavailableError(absl::StrCat(
        "can't listen for metrics; choose another metrics.listen; host=", settings.host, " port=", settings.port));
  }
  self->thread_ = std::thread([server = self->server_.get()] { server->http.listen_after_bind(); });
  // stop() is ignored by a server that does not run yet, so a quick end would wait for ever.
  while (!http.is_running()) std::this_thread::yield();
  return self;
}

HttpServer::~HttpServer() {
  if (!thread_.joinable()) return;
  server_->http.stop();
  thread_.join();
}

}  // namespace tocsin
