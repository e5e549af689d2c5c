#include "kernels/cuda/conv2d_statistics_cudnn.h"

namespace lanet {

CudnnConv2dStatistics::CudnnConv2dStatistics(Context& context, const Conv2dShape& shape)
    : handle_(context.libraries()->cudnn()),
      plan_(plan_convolution({.handle = handle_}, shape, task(), cudnn::TensorCores::first,
                             context.plans())) {
  LANET_REQUIRE(shape.dtype == DType::bf16, "a convolution with statistics of {}", shape.dtype);
}

void CudnnConv2dStatistics::forward(Context& context, const CudnnConv2dStatisticsArgs& args) const {
  plan_.run(
      handle_,
      {kConvolutionX, kConvolutionY, kConvolutionWeight, kConvolutionSum, kConvolutionSumOfSquares},
      {args.x.data, args.y.data, args.weight.data, args.sum.data, args.sum_of_squares.data},
      context.workspace(plan_.workspace_bytes()));
}

}  // namespace lanet
