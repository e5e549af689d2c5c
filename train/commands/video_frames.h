// The frames of a video, read from ffmpeg through a pipe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "data/image.h"

namespace lanet {

/// Whether a file is a video, by what its name ends in: mp4, m4v, mov, mkv, webm, avi or mpg.
bool is_video_name(const std::string& path);

/// InputError, which names `path`, unless ffmpeg and ffprobe are in PATH.
void require_ffmpeg(const std::string& path);

/// What a video shows at 0, `every`, 2·every, … seconds after its first frame.
class VideoFrames {
 public:
  /// Starts to read. InputError, which names `path` and the reason, if the file is missing or has
  /// no video stream that can be read.
  VideoFrames(const std::string& path, double every);
  ~VideoFrames();

  /// The next frame, turned as the file says; nothing behind the last one.
  std::optional<HostImage> next();
  /// After the last one: why there are no more, in one line that names the file; empty: the video
  /// has ended.
  std::string problem();

 private:
  struct Source;
  std::string path_;
  std::unique_ptr<Source> source_;
  int64_t read_ = 0;      // frames
  bool partial_ = false;  // the last one was cut off
};

}  // namespace lanet
