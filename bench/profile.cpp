#include "bench/profile.h"

#include <nlohmann/json.hpp>

#include "bench/timer.h"
#include "core/cuda/nvtx.h"

namespace lanet::bench {

namespace {

#ifdef LANET_HAVE_CUDA
using cuda::pop_range;
using cuda::push_range;
#else
void push_range(const std::string&) {}  // nobody listens
void pop_range() {}
#endif

/// Takes down operations and the moments at which they begin and end, and marks nodes and the
/// operations in them for NVIDIA's profilers.
class Profiler : public OperationCounter {
 public:
  explicit Profiler(Moments& moments) : moments_(moments) {}
  ~Profiler() override { leave(); }
  void enter(const std::string& owner, const char* kind, const char* pass) override {
    OperationCounter::enter(owner, kind, pass);
    leave();
    push_range(owner + " " + pass);
    entered_ = true;
  }
  void begin(const char* operation, const Cost& cost) override {
    OperationCounter::begin(operation, cost);
    push_range(operation);
    moments_.mark();
  }
  void end() override {
    moments_.mark();
    pop_range();
  }

 private:
  void leave() {
    if (entered_) pop_range();
    entered_ = false;
  }
  Moments& moments_;
  bool entered_ = false;  // a node, whose range is open
};

}  // namespace

StepProfile profile_steps(Context& context, RandomTraining& training, int64_t count) {
  StepProfile profile;
  Moments moments(context);
  for (int64_t i = 0; i <= count; ++i) {
    Profiler profiler(moments);
    context.set_observer(&profiler);
    moments.mark();
    training.trainer().step();
    moments.mark();
    context.set_observer(nullptr);
    const std::vector<double> at = moments.seconds();
    const std::vector<CountedOperation>& operations = profiler.operations();
    if (i == 0) {  // not counted: events are made in it
      for (const CountedOperation& o : operations) profile.operations.push_back({o});
      continue;
    }
    LANET_REQUIRE(
        operations.size() == profile.operations.size() && at.size() == 2 * operations.size() + 2,
        "{} operations in a step, {} in the first", operations.size(), profile.operations.size());
    profile.last.clear();
    for (size_t o = 0; o < operations.size(); ++o) {
      profile.last.emplace_back(at[2 * o + 1], at[2 * o + 2]);
      profile.operations[o].seconds += (at[2 * o + 2] - at[2 * o + 1]) / static_cast<double>(count);
    }
    profile.last_seconds = at.back();
    profile.step_seconds += at.back() / static_cast<double>(count);
  }
  return profile;
}

double seconds_outside(const StepProfile& profile) {
  double seconds = profile.step_seconds;
  for (const TimedOperation& o : profile.operations) seconds -= o.seconds;
  return seconds;
}

nlohmann::ordered_json trace_of(const StepProfile& profile, const Ceilings& ceilings,
                                const std::string& device) {
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  auto add = [&](const std::string& name, const std::string& category, double begin, double end,
                 nlohmann::ordered_json arguments) {
    events.push_back({{"name", name},
                      {"cat", category},
                      {"ph", "X"},
                      {"ts", 1e6 * begin},
                      {"dur", 1e6 * (end - begin)},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", std::move(arguments)}});
  };
  add("step", "step", 0, profile.last_seconds, nlohmann::ordered_json::object());
  for (size_t i = 0; i < profile.operations.size(); ++i) {
    const CountedOperation& o = profile.operations[i].operation;
    add(o.name, o.pass, profile.last[i].first, profile.last[i].second,
        {{"node", o.owner},
         {"kind", o.kind},
         {"launches", o.cost.launches},
         {"bytes", o.cost.bytes},
         {"flops", o.cost.flops},
         {"floor_us", 1e6 * floor_seconds(o.cost, ceilings)}});
  }
  return {{"displayTimeUnit", "ms"}, {"otherData", {{"device", device}}}, {"traceEvents", events}};
}

}  // namespace lanet::bench
