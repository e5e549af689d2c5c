// The device side of a Context: its stream, memory, copies and captured work. Usable without CUDA
// headers; core/no_cuda.cpp stands in where the CUDA side is not built.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace lanet::cuda {

/// Why there can be no Context on a CUDA device here, in a few words; empty if there can be.
std::string device_problem();

/// A stream (cudaStream_t) that does not wait for the default one.
void* create_stream();
/// Waits for what is on it.
void destroy_stream(void* stream);
/// Returns when everything on the stream is done.
void synchronize(void* stream);

void* allocate(size_t bytes);
void release(void* block);
/// Bytes of the device's memory that nobody has allocated.
size_t free_bytes();
/// Host memory that the device can copy from while host and device go on.
void* allocate_pinned(size_t bytes);
void release_pinned(void* block);
/// Between blocks of the host and the device in any direction; put on the stream.
void copy(void* stream, void* to, const void* from, size_t bytes);
void fill_zero(void* stream, void* block, size_t bytes);

/// A mark (cudaEvent_t) for what a stream has done. Before the first record() it counts as reached.
void* create_event();
void destroy_event(void* event);
/// Marks what the stream has been given so far.
void record(void* stream, void* event);
/// What the stream is given from here on waits for the mark.
void wait_for(void* stream, void* event);
/// The host waits for the mark.
void synchronize_event(void* event);

/// What `work` puts on the stream, as a graph (cudaGraphExec_t) for launch(); nothing of it runs.
std::shared_ptr<void> capture(void* stream, const std::function<void()>& work);
void launch(void* stream, const std::shared_ptr<void>& graph);

}  // namespace lanet::cuda
