// verify: runs what golden files describe and judges it by their bounds.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/files/document.h"
#include "core/files/json_text.h"
#include "train/commands/commands.h"
#include "train/golden/check.h"
#include "train/golden/step.h"
#include "train/ranks/ranks.h"

namespace lanet {

namespace {

using nlohmann::json;

constexpr const char* kStepFormat = "lanet-golden/1";
constexpr const char* kComponentsFormat = "lanet-golden-components/1";

struct Verdict {
  std::vector<Check> checks;
  std::vector<std::string> not_judged;
  int64_t batch = 0;
  double worst = 0;  ///< the largest error as a share of its bound
  bool ok = true;
};

json read_golden(const std::string& path, int ranks) {
  json golden = parse_json(path, read_document(path));
  if (!golden.is_object()) throw InputError(fmt::format("{}: not a JSON object", path));
  const auto named = golden.find("format");
  const std::string format =
      named != golden.end() && named->is_string() ? named->get<std::string>() : "";
  if (format != kStepFormat && format != kComponentsFormat)
    throw InputError(fmt::format("{}: format '{}'; expected '{}' or '{}'", path, printable(format),
                                 kStepFormat, kComponentsFormat));
  const json* config = golden.contains("config") ? &golden["config"] : nullptr;
  const json* batch =
      config && config->is_object() && config->contains("batch") ? &config->at("batch") : nullptr;
  if (batch && batch->is_number_integer() && batch->get<int64_t>() > 0)
    check_batch(path + ": config.batch", batch->get<int64_t>(), ranks, ranks);
  return golden;
}

/// Steps are computed by all ranks, components by rank 0 alone.
Verdict verify_file(Context& context, const json& golden, const std::string& path, DType dtype) {
  Verdict verdict;
  if (golden.at("format") == kStepFormat) {
    verdict.checks = check_step_file(golden, run_golden_step(context, golden, path, dtype), dtype);
    verdict.batch = golden.at("config").at("batch").get<int64_t>();
  } else if (context.communicator().rank() == 0) {
    verdict.checks = check_components_file(
        golden, run_golden_components(context, golden, path, dtype), dtype, &verdict.not_judged);
  }
  for (const Check& check : verdict.checks) {
    verdict.ok &= check.ok;
    if (check.bound > 0) verdict.worst = std::max(verdict.worst, check.error / check.bound);
    if (check.is_list && !check.ok) verdict.worst = INFINITY;
  }
  return verdict;
}

void print_json(const std::string& path, const Verdict& verdict, int ranks) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Check& check : verdict.checks)
    checks.push_back(
        {{"name", check.name}, {"error", check.error}, {"bound", check.bound}, {"ok", check.ok}});
  const nlohmann::ordered_json line = {
      {"file", path},           {"ok", verdict.ok},
      {"ranks", ranks},         {"batch_per_rank", verdict.batch / ranks},
      {"worst", verdict.worst}, {"not_judged", verdict.not_judged},
      {"checks", checks}};
  fmt::print("{}\n", line.dump());
}

void print_text(const std::string& path, const Verdict& verdict) {
  for (const Check& check : verdict.checks)
    fmt::print("{:<76} error {:<10.3g} bound {:<10.3g} {}\n", check.name, check.error, check.bound,
               check.ok ? "ok" : "FAILED");
  for (const std::string& name : verdict.not_judged)
    fmt::print("{:<76} not judged in this precision\n", name);
  fmt::print("{}: {} checks, {}; the largest error is {:.3g} of its bound\n", path,
             verdict.checks.size(), verdict.ok ? "all ok" : "FAILED", verdict.worst);
}

int verify_on(Ranks& ranks, const VerifyOptions& options) {
  DType dtype = DType::f64;
  RankedSession session(ranks, [&]() -> Placement {
    dtype = choice_from<DType>(options.dtype);
    return {.device = choice_from<DeviceSetting>(options.device), .threads = options.threads};
  });
  Context& context = session.context();
  context.set_exact_products(true);
  bool ok = true;
  for (const std::string& path : options.files) {
    json golden;
    ranks.agree([&] { golden = read_golden(path, ranks.size()); });
    const Verdict verdict = verify_file(context, golden, path, dtype);
    ok &= verdict.ok;
    if (!ranks.first()) continue;
    if (&path == &options.files.front()) report_environment(session.choice());
    if (options.json)
      print_json(path, verdict, ranks.size());
    else
      print_text(path, verdict);
  }
  // Rank 0 alone judged the components: its verdict is all ranks'.
  std::vector<int32_t> verdict{ok};
  ranks.share(verdict);
  return verdict[0] ? 0 : 1;
}

}  // namespace

int run_verify(const VerifyOptions& options) {
  return run_on_ranks([&](Ranks& ranks) { return verify_on(ranks, options); });
}

}  // namespace lanet
