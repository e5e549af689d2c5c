// t-SNE: points in the plane that are near each other where features are alike (van der Maaten and
// Hinton, "Visualizing Data using t-SNE", JMLR 2008).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

/// How alike each two of N points are, [N, N], symmetric, 0 for a point and itself, with sum 1: the
/// mean of what either makes of the other, a Gaussian of its squared distances whose width gives
/// them this perplexity. distances: [N, N], squared. 1 < perplexity < N − 1.
std::vector<double> tsne_affinities(std::span<const double> distances, int64_t count,
                                    double perplexity);

/// Places the rows of `features`, [count, D], in the plane: [count, 2], around 0. Exact, in time
/// and memory of count²: about two seconds for a thousand rows. Starts from the first two principal
/// components, draws nothing at random, and gives the same bits with any number of threads. Rows
/// that are all the same lie at 0. count ≥ 5; 1 < perplexity < count − 1.
std::vector<double> tsne(std::span<const float> features, int64_t count, double perplexity);

}  // namespace lanet
