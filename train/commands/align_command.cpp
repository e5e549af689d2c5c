// align: brings faces into the position of RAF-DB's aligned pictures, by their landmarks.
#include <algorithm>
#include <exception>
#include <map>

#include "core/error.h"
#include "core/files/file.h"
#include "data/align.h"
#include "data/files_of_set.h"
#include "train/commands/commands.h"
#include "train/faces.h"
#include "train/progress.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr int kJpegQuality = 95;
constexpr size_t kGridFaces = 100;
constexpr int kGridColumns = 10;

/// The pictures to align, and what is known of them.
struct Task {
  FaceList list;             // its names are those of landmarks.csv and of messages
  std::vector<fs::path> to;  // files
  FoundLandmarks landmarks;
  double square;
};

/// The name of an aligned picture: PNG files stay such, others become JPEG files.
fs::path aligned_name(fs::path name) {
  constexpr std::string_view kKept[] = {".png", ".jpg", ".jpeg", ".jpe"};
  if (std::find(std::begin(kKept), std::end(kKept), lower_extension(name)) == std::end(kKept))
    name.replace_extension(".jpg");
  return name;
}

/// Gives each picture its place below `out`, that of `inner` below the folder that it comes from.
/// InputError if two files would have one place.
void choose_places(Task& task, const fs::path& out, const std::vector<fs::path>& inner) {
  std::map<fs::path, std::string> taken = {{"landmarks.csv", "the table of landmarks"},
                                           {"grid.png", "the picture of all faces"}};
  for (size_t i = 0; i < inner.size(); ++i) {
    const fs::path name = inner[i].lexically_normal(), aligned = aligned_name(name);
    LANET_REQUIRE(!name.is_absolute() && *name.begin() != "..", "a picture {} outside the data set",
                  name.string());
    if (const auto [first, is_free] = taken.emplace(aligned, name.string()); !is_free)
      throw InputError(fmt::format("{}: its aligned picture would be {}, as {} is; rename one",
                                   task.list.names[i], (out / aligned).string(), first->second));
    if (aligned != name) task.list.names[i] = aligned_name(task.list.names[i]).generic_string();
    task.to.push_back(out / aligned);
  }
}

/// The faces of all splits, or the training faces alone. A set need not have every split.
FaceList faces_of(const DataConfig& data, bool training_alone) {
  const DataSet set = open_data_set(data);
  if (training_alone) return set.read(Split::train);
  FaceList all;
  std::string missing;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    try {
      FaceList more = set.read(split);
      if (all.size() == 0)
        all = std::move(more);
      else
        append(all, std::move(more));
    } catch (const EmptySplit& empty) {
      missing = empty.what();
    }
  }
  if (all.size() == 0) throw InputError(missing);
  return all;
}

/// Faces of a configuration, which keep their places below its data.root. Landmarks by row are
/// those of the training faces alone.
Task task_of_config(const AlignOptions& options) {
  const Config config = load_config(options.config, options.overrides);
  const DataConfig& data = config.data;
  const std::string ending = lower_extension(data.landmarks);
  const bool by_row = !data.landmarks.empty() && ending != ".csv" && ending != ".json";
  Task task{
      .list = faces_of(data, by_row), .to = {}, .landmarks = {}, .square = data.landmark_size};
  task.landmarks = find_landmarks(data, task.list);
  // By their names: what links point to is elsewhere.
  const fs::path root = fs::path(data.root).lexically_normal();
  std::vector<fs::path> inner;
  for (size_t i = 0; i < task.list.size(); ++i)
    inner.push_back(task.list.paths.empty()
                        ? fs::path(task.list.names[i])
                        : task.list.paths[i].lexically_normal().lexically_relative(root));
  choose_places(task, options.out, inner);
  return task;
}

/// All pictures below a folder, in the order of their names.
Task task_of_folder(const AlignOptions& options) {
  const fs::path in = options.in;
  if (!is_folder(in)) throw InputError(fmt::format("--in {}: no such folder", options.in));
  Task task{.list = {}, .to = {}, .landmarks = {}, .square = options.square};
  task.list.paths = pictures_below(in);
  std::vector<fs::path> inner;
  for (const fs::path& path : task.list.paths) {
    inner.push_back(path.lexically_relative(in));
    task.list.names.push_back(inner.back().generic_string());
  }
  task.landmarks = {read_landmarks(options.landmarks, task.list.names),
                    choice_from<LandmarkCoordinates>(options.coordinates), options.landmarks};
  choose_places(task, options.out, inner);
  return task;
}

class Aligner {
 public:
  Aligner(Task task, int size) : task_(std::move(task)), size_(size) {}

  void run(const fs::path& out) {
    const auto total = static_cast<int64_t>(task_.list.names.size());
    rows_.resize(task_.list.names.size());
    std::vector<std::string> unreadable(task_.list.names.size());
    std::exception_ptr failure;
    int64_t done = 0;
    Progress progress("pictures", total);
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t i = 0; i < total; ++i) {
      try {
        align_and_write(static_cast<size_t>(i));
      } catch (const InputError& error) {
        unreadable[static_cast<size_t>(i)] = error.what();
      } catch (...) {
#pragma omp critical(lanet_align)
        failure = std::current_exception();
      }
#pragma omp critical(lanet_align)
      progress.update(++done, "aligning");
    }
    if (failure) std::rethrow_exception(failure);
    report(unreadable, out, progress);
    write_landmarks(out);
    write_grid(out);
  }

 private:
  void align_and_write(size_t i) {
    const AlignedFace face = align_face(face_picture(task_.list, i), landmarks(), i,
                                        {task_.landmarks.coordinates, task_.square}, size_);
    const fs::path& to = task_.to[i];
    fs::create_directories(to.parent_path());
    if (lower_extension(to) == ".png")
      write_png(to.string(), face.picture);
    else
      write_jpeg(to.string(), face.picture, kJpegQuality);
    std::string& row = rows_[i] = task_.list.names[i];
    const bool aligned = !face.points.empty();
    for (size_t k = 0; k < 2 * static_cast<size_t>(landmarks().num_landmarks); ++k)
      row += aligned ? fmt::format(",{:.2f}", face.points[k]) : ",";
    row += aligned ? ",1\n" : ",0\n";
  }

  void report(const std::vector<std::string>& unreadable, const fs::path& out, Progress& progress) {
    for (const std::string& line : unreadable)
      if (!line.empty()) progress.message(fmt::format("skipped: {}", line));
    const std::string line =
        check_landmarks(landmarks(), task_.list.names, task_.landmarks.file, /*most_missing=*/1);
    if (!line.empty()) progress.message(line + "; they are only resized");
    const auto aligned = std::count_if(
        rows_.begin(), rows_.end(), [](const std::string& row) { return row.ends_with(",1\n"); });
    if (aligned == 0)
      throw InputError(
          fmt::format("{}: no picture was aligned; are their names and sizes those of {}?",
                      out.string(), task_.landmarks.file));
    progress.message(
        fmt::format("{}: {} of {} pictures aligned", out.string(), aligned, rows_.size()));
  }

  void write_landmarks(const fs::path& out) const {
    std::string text = "image";
    const bool few = landmarks().num_landmarks == kFewLandmarks;
    for (int l = 0; l < landmarks().num_landmarks; ++l) {
      const auto at = static_cast<size_t>(l);
      const std::string_view name = few ? kFewLandmarkNames.at(at) : kLandmarkNames.at(at);
      text += fmt::format(",{}_x,{}_y", name, name);
    }
    text += ",ok\n";
    for (const std::string& row : rows_) text += row;
    write_text(out / "landmarks.csv", text);
  }

  void write_grid(const fs::path& out) const {
    std::vector<HostImage> pictures;
    for (size_t i = 0; i < rows_.size() && pictures.size() < kGridFaces; ++i)
      if (rows_[i].ends_with(",1\n")) pictures.push_back(decode_image(task_.to[i].string()));
    const auto columns = std::min<size_t>(kGridColumns, pictures.size());
    write_png((out / "grid.png").string(), image_grid(pictures, static_cast<int>(columns)));
  }

  Landmarks& landmarks() {
    return task_.landmarks.landmarks;
  }
  const Landmarks& landmarks() const {
    return task_.landmarks.landmarks;
  }

  Task task_;
  int size_;
  std::vector<std::string> rows_;  // of landmarks.csv; empty: not readable
};

}  // namespace

int run_align(const AlignOptions& options) {
  if (options.config.empty() == options.landmarks.empty() ||
      options.landmarks.empty() != options.in.empty())
    throw InputError("align: expected CONFIG, or --landmarks FILE and --in DIR");
  if (fs::exists(options.out) && (!fs::is_directory(options.out) || !fs::is_empty(options.out)))
    throw InputError(fmt::format("--out {}: exists and is not an empty folder; expected a new one",
                                 options.out));
  const Task task = options.config.empty() ? task_of_folder(options) : task_of_config(options);
  const bool is_new = !fs::exists(options.out);
  try {
    Aligner(task, static_cast<int>(options.size)).run(options.out);
  } catch (...) {
    // So that the same command can be given again once the cause is mended.
    if (is_new) fs::remove_all(options.out);
    throw;
  }
  return 0;
}

}  // namespace lanet
