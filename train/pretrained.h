// Weights to start from: what a file of weights has of a ResNet, and loading that.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/files/host_array.h"
#include "core/parameters.h"
#include "models/resnet.h"

namespace lanet {

/// The name in torchvision's ResNet of a parameter of ours, of either branch.
std::string torchvision_name(const std::string& parameter);

/// Reads a file of torch.save, a pickle of NumPy arrays or a safetensors file, recognised by how it
/// begins. `path` becomes that of the file: a run folder stands for its last checkpoint.
NamedArrays read_weights(std::string& path);

/// Where the tensors of a file go. Names are torchvision's, as they are or behind one prefix such
/// as `state_dict.module.`; or those of this program's checkpoints.
struct BackboneMap {
  std::string prefix;                         ///< what stands before `conv1.weight` in the file
  std::map<std::string, std::string> source;  ///< parameter of the model: its name in the file
  std::vector<std::string> unused;            ///< the other names in the file
  std::string problem;  ///< why there is no source: nothing that fits, or two networks
};
BackboneMap map_backbone(const NamedArrays& file);

/// How that differs from a ResNet.
struct BackboneFit {
  std::vector<std::string> misshapen;  ///< `conv1.weight is […]; resnet18 needs […]`
  std::vector<std::string>
      left_over;                     ///< names in the file of blocks that the ResNet does not have
  std::vector<std::string> missing;  ///< torchvision's names
};
BackboneFit fit_backbone(const NamedArrays& file, const BackboneMap& map, Backbone backbone);

/// Why a file cannot start this ResNet, in one line; empty: it can. `allow_partial`: blocks may be
/// missing or left over.
std::string refusal(const NamedArrays& file, const BackboneMap& map, Backbone backbone,
                    bool allow_partial = false);

/// `fc (2), num_batches_tracked (20), optimizer (186)`: the unused names by what they belong to.
std::string unused_summary(const BackboneMap& map);
/// `args (argparse.Namespace)`: the objects of a pickle that were not read; at most three are
/// named.
std::string skipped_summary(const NamedArrays& file);

/// read_weights() of a file that can start this ResNet; InputError, which names it and says why
/// not.
NamedArrays read_pretrained(std::string& path, Backbone backbone, bool allow_partial);

/// Starts the query network from a ResNet (docs/design.md, "Initialisation"): conv1, bn1 and layer1
/// as they are, layer2 to layer4 into both branches, or from both where a checkpoint of this
/// program has both. Every parameter of the backbone must be found with its shape, and no block may
/// be left over (`allow_partial`: refusal()); classifiers, counters and all else is not used.
/// Returns one line that says what was loaded and what was not. InputError names the file.
std::string load_pretrained(Context& context, std::string path, Backbone backbone,
                            bool allow_partial, ParameterStore& store);

}  // namespace lanet
