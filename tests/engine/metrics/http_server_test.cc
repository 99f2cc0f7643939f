#include "engine/metrics/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <list>
#include <memory>

#include "absl/status/status_matchers.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;

TEST(HttpServerTest, APortThatIsTakenIsAnError) {
  const auto registry = std::make_shared<prometheus::Registry>();
  const auto first = HttpServer::Start({}, registry);
  ASSERT_THAT(first, IsOk());
  HttpServer::Options options;
  options.port = (*first)->port();
  EXPECT_THAT(HttpServer::Start(options, registry), StatusIs(absl::StatusCode::kUnavailable));
}

// Clients that ask for the connection to be kept, and then keep it: as many scrapers do.
TEST(HttpServerTest, ClientsThatStayConnectedKeepNobodyOut) {
  const auto registry = std::make_shared<prometheus::Registry>();
  const auto server = HttpServer::Start({}, registry);
  ASSERT_THAT(server, IsOk());
  std::list<httplib::Client> clients;
  for (int i = 0; i < 20; ++i) {
    httplib::Client& client = clients.emplace_back("127.0.0.1", (*server)->port());
    client.set_keep_alive(true);
    const httplib::Result result = client.Get("/livez");
    ASSERT_TRUE(result) << i;
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->get_header_value("Connection"), "close");
  }
}

TEST(HttpServerTest, WhoIsNotReadySaysWhy) {
  const auto registry = std::make_shared<prometheus::Registry>();
  HttpServer::Options options;
  options.not_ready = [] { return "recovering"; };
  const auto server = HttpServer::Start(options, registry);
  ASSERT_THAT(server, IsOk());
  httplib::Client client("127.0.0.1", (*server)->port());
  const httplib::Result ready = client.Get("/readyz");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->status, 503);
  EXPECT_EQ(ready->body, "recovering\n");
}

}  // namespace
}  // namespace tocsin
