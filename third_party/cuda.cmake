# CUDA was asked for: every part must be found, or configuring ends with what to set.
find_package(CUDAToolkit 12.0 QUIET)
if(NOT CUDAToolkit_FOUND)
  message(FATAL_ERROR "LANET_CUDA=ON, but the CUDA toolkit (nvcc, cudart, cublas; 12.0 or newer) was not "
                      "found. Set CUDAToolkit_ROOT, or configure the preset 'cpu'.")
endif()
# The toolkit's own nvcc, which need not be in PATH.
if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()

# lanet_find_cuda_library(<target> <header> <library names> <variable of the root> <what>)
function(lanet_find_cuda_library target header names root what)
  set(hints ${${root}} $ENV{${root}} ${CUDAToolkit_TARGET_DIR} ${CUDAToolkit_LIBRARY_ROOT})
  find_path(LANET_${target}_INCLUDE ${header} HINTS ${hints} PATH_SUFFIXES include)
  find_library(LANET_${target}_LIBRARY NAMES ${names} HINTS ${hints} PATH_SUFFIXES lib lib64)
  if(NOT LANET_${target}_INCLUDE OR NOT LANET_${target}_LIBRARY)
    message(FATAL_ERROR "LANET_CUDA=ON, but ${what} was not found: looked for ${header} in include/ and "
                        "for ${names} in lib/ and lib64/ of ${root}, the CUDA toolkit and the system. "
                        "Set -D${root}=<folder>, or configure the preset 'cpu'.")
  endif()
  add_library(lanet_${target} INTERFACE)
  add_library(lanet::${target} ALIAS lanet_${target})
  target_include_directories(lanet_${target} SYSTEM INTERFACE ${LANET_${target}_INCLUDE})
  target_link_libraries(lanet_${target} INTERFACE ${LANET_${target}_LIBRARY})
endfunction()
lanet_find_cuda_library(cudnn cudnn.h "cudnn;libcudnn.so.9" CUDNN_ROOT cuDNN)
lanet_find_cuda_library(nccl nccl.h "nccl;libnccl.so.2" NCCL_ROOT NCCL)
lanet_find_cuda_library(cublas cublasLt.h "cublas;libcublas.so.13;libcublas.so.12" CUBLAS_ROOT cuBLAS)
lanet_find_cuda_library(cublaslt cublasLt.h "cublasLt;libcublasLt.so.13;libcublasLt.so.12" CUBLAS_ROOT cuBLASLt)
