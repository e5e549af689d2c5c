#include "train/step_cost.h"

#include "train/random_faces.h"
#include "train/trainer.h"

namespace lanet {

void OperationCounter::enter(const std::string& owner, const char* kind, const char* pass) {
  current_ = {.owner = owner, .kind = kind, .pass = pass, .name = "", .cost = {}};
}

void OperationCounter::begin(const char* operation, const Cost& cost) {
  current_.name = operation;
  current_.cost = cost;
  operations_.push_back(current_);
}

std::vector<CountedOperation> count_step(const Config& config, Device device, Shard shard) {
  const std::unique_ptr<Communicator> communicator = make_counting_communicator(shard);
  Context context(Context::CountOnly{}, device);
  context.set_communicator(communicator.get());
  Faces faces = random_faces(context, config.train.batch, config.data.image_size);
  Trainer trainer(context, config, std::move(faces), Faces{}, /*capture=*/false);
  trainer.prepare_epoch();
  OperationCounter counter;
  context.set_observer(&counter);
  trainer.step();
  return counter.operations();
}

Cost total_cost(const std::vector<CountedOperation>& operations) {
  Cost total{.launches = 0};
  for (const CountedOperation& o : operations) {
    total.launches += o.cost.launches;
    total.bytes += o.cost.bytes;
    total.flops += o.cost.flops;
  }
  return total;
}

double floor_seconds(const std::vector<CountedOperation>& operations, const Ceilings& ceilings) {
  double seconds = 0;
  for (const CountedOperation& o : operations) seconds += floor_seconds(o.cost, ceilings);
  return seconds;
}

}  // namespace lanet
