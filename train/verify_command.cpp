// verify: runs what golden files describe and judges it by their bounds.
#include <fmt/format.h>

#include "core/file.h"
#include "train/commands.h"
#include "train/golden_check.h"
#include "train/golden_step.h"
#include "train/session.h"

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

Verdict verify_file(Context& context, const std::string& path, DType dtype) {
  const json golden = json::parse(read_text(path), nullptr, /*allow_exceptions=*/false);
  if (!golden.is_object()) throw InputError(fmt::format("{}: not a JSON object", path));
  const std::string format = golden.value("format", "");
  Verdict verdict;
  if (format == kStepFormat) {
    verdict.checks = check_step_file(golden, run_golden_step(context, golden, path, dtype), dtype);
    verdict.batch = golden.at("config").at("batch").get<int64_t>();
  } else if (format == kComponentsFormat) {
    verdict.checks = check_components_file(
        golden, run_golden_components(context, golden, path, dtype), dtype, &verdict.not_judged);
  } else {
    throw InputError(fmt::format("{}: format '{}'; expected '{}' or '{}'", path, format,
                                 kStepFormat, kComponentsFormat));
  }
  for (const Check& check : verdict.checks) {
    verdict.ok &= check.ok;
    if (check.bound > 0) verdict.worst = std::max(verdict.worst, check.error / check.bound);
    if (check.is_list && !check.ok) verdict.worst = INFINITY;
  }
  return verdict;
}

void print_json(const std::string& path, const Verdict& verdict) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Check& check : verdict.checks)
    checks.push_back(
        {{"name", check.name}, {"error", check.error}, {"bound", check.bound}, {"ok", check.ok}});
  const nlohmann::ordered_json line = {{"file", path},
                                       {"ok", verdict.ok},
                                       {"ranks", 1},
                                       {"batch_per_rank", verdict.batch},
                                       {"worst", verdict.worst},
                                       {"not_judged", verdict.not_judged},
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

}  // namespace

int run_verify(const VerifyOptions& options) {
  const DType dtype = dtype_from(options.dtype);
  const DeviceChoice choice = choose_device(options.device);
  bool ok = true;
  for (const std::string& path : options.files) {
    Context context(choice.device, static_cast<int>(options.threads));
    context.set_exact_products(true);
    const Verdict verdict = verify_file(context, path, dtype);
    ok &= verdict.ok;
    if (&path == &options.files.front()) report_environment(choice);
    if (options.json)
      print_json(path, verdict);
    else
      print_text(path, verdict);
  }
  return ok ? 0 : 1;
}

}  // namespace lanet
