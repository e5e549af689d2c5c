#include "data/ferplus.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <numeric>

#include "core/error.h"
#include "data/csv.h"
#include "data/expressions.h"
#include "data/files_of_set.h"
#include "data/found_faces.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 48;
constexpr const char* kVotes = "fer2013new.csv";

/// A whole number from 0 to `most`; none if the text is no such number.
std::optional<int> whole(std::string_view text, int most) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

/// The file with pixels, or empty.
fs::path pixel_file(const fs::path& root) {
  for (const char* folder : {"", "fer2013"})
    for (const char* name : {"fer2013.csv", "icml_face_data.csv"})
      if (const fs::path file = root / folder / name; is_file(file)) return file;
  return {};
}

HostImage parse_pixels(const CsvTable& table, size_t row, size_t column) {
  std::string_view rest = table.rows[row][column];
  HostImage image{.width = kSide, .height = kSide, .rgb = {}};
  size_t count = 0;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) {
      const std::optional<int> grey = whole(rest.substr(0, end), 255);
      if (!grey)
        throw InputError(fmt::format("{}: pixel {} is '{}'; expected 0 to 255", table.place(row),
                                     count, printable(rest.substr(0, end))));
      image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(*grey));
      ++count;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (count != size_t{kSide} * kSide)
    throw InputError(
        fmt::format("{}: {} pixels; expected {}", table.place(row), count, kSide * kSide));
  return image;
}

/// Where the pictures are: a table, or folders.
class Pictures {
 public:
  Pictures(const fs::path& root, const CsvTable& votes) : root_(root), votes_(votes) {
    const fs::path file = pixel_file(root);
    if (file.empty()) {
      if (!is_folder(root / "FER2013Train"))
        throw InputError(
            fmt::format("data.root {}: no pictures for {}; expected fer2013.csv, "
                        "icml_face_data.csv, or a folder FER2013Train",
                        root.string(), kVotes));
      return;
    }
    table_ = read_csv(file);
    pixels_ = static_cast<size_t>(table_->column("pixels"));
    usage_ = static_cast<size_t>(table_->column("usage"));
    if (table_->rows.size() != votes.rows.size())
      throw InputError(fmt::format("{}: {} row{}; expected {}, as {} has", table_->file,
                                   table_->rows.size(), table_->rows.size() == 1 ? "" : "s",
                                   votes.rows.size(), votes.file));
  }

  /// Gives a face its picture.
  void find(size_t row, const std::string& usage, FoundFace& face) const {
    if (!table_) {
      const char* folder = *face.split == Split::train        ? "FER2013Train"
                           : *face.split == Split::validation ? "FER2013Valid"
                                                              : "FER2013Test";
      face.path = root_ / folder / face.name;
      return;
    }
    if (table_->rows[row][usage_] != usage)
      throw InputError(fmt::format("{}: Usage '{}'; expected '{}', as {} has", table_->place(row),
                                   printable(table_->rows[row][usage_]), usage, votes_.place(row)));
    face.picture = parse_pixels(*table_, row, pixels_);
  }

 private:
  fs::path root_;
  const CsvTable& votes_;
  std::optional<CsvTable> table_;
  size_t pixels_ = 0, usage_ = 0;
};

bool with_contempt(const DataSource& source) {
  if (source.classes.empty() || source.classes == "8") return true;
  if (source.classes == "7") return false;
  throw InputError(fmt::format("data.classes: '{}'; expected 7 or 8 with data.format ferplus",
                               printable(source.classes)));
}

std::vector<size_t> vote_columns(const CsvTable& table) {
  std::vector<size_t> columns;
  for (const std::string_view name : kFerPlusClasses)
    columns.push_back(static_cast<size_t>(table.column(std::string(name))));
  for (const char* name : {"unknown", "NF"})
    columns.push_back(static_cast<size_t>(table.column(name)));
  return columns;
}

/// [kFerPlusColumns]
std::vector<double> votes_of(const CsvTable& table, size_t row,
                             const std::vector<size_t>& columns) {
  std::vector<double> votes;
  for (const size_t column : columns) {
    const std::string& text = table.rows[row][column];
    const std::optional<int> count = whole(text, 1000);
    if (!count)
      throw InputError(fmt::format("{}: {} is '{}'; expected a number of votes", table.place(row),
                                   table.header[column], printable(text)));
    votes.push_back(*count);
  }
  return votes;
}

/// The shares of the votes for `classes`.
std::vector<double> shares(std::span<const double> votes, const std::vector<std::string>& classes) {
  std::vector<double> kept;
  for (const std::string& name : classes) {
    const double count = votes[static_cast<size_t>(
        std::find(kFerPlusClasses.begin(), kFerPlusClasses.end(), name) - kFerPlusClasses.begin())];
    kept.push_back(count > 1 ? count : 0);
  }
  const double sum = std::accumulate(kept.begin(), kept.end(), 0.0);
  for (double& share : kept) share /= sum;
  return kept;
}

/// The tables of a data set.
class FerPlus {
 public:
  explicit FerPlus(const DataSource& source)
      : source_(source),
        contempt_(with_contempt(source)),
        votes_(read_votes(source.root)),
        usage_(static_cast<size_t>(votes_.column("Usage"))),
        image_(static_cast<size_t>(votes_.column("Image name"))),
        columns_(vote_columns(votes_)),
        pictures_(source.root, votes_) {}
  FerPlus(const FerPlus&) = delete;  // pictures_ refers to votes_
  FerPlus& operator=(const FerPlus&) = delete;

  FaceList faces(Split split) const {
    std::vector<std::string> classes = expression_names();
    if (contempt_) classes.emplace_back(kContempt);
    std::vector<FoundFace> faces;
    size_t undecided = 0, contemptuous = 0;  // of the split, left out
    for (size_t row = 0; row < votes_.rows.size(); ++row) {
      const std::string& word = votes_.rows[row][usage_];
      FoundFace face{
          .name = votes_.rows[row][image_], .place = votes_.place(row), .split = known_split(word)};
      if (!face.split)
        throw InputError(fmt::format("{}: Usage {}", face.place, unknown_split(word)));
      const std::vector<double> votes = votes_of(votes_, row, columns_);
      if (face.name.empty()) continue;
      const std::optional<size_t> found = ferplus_class(votes);
      if (!found || (!contempt_ && kFerPlusClasses[*found] == kContempt)) {
        if (face.split == split) ++(found ? contemptuous : undecided);
        continue;
      }
      face.label = kFerPlusClasses[*found];
      if (face.split == split) {
        face.votes = shares(votes, classes);
        pictures_.find(row, word, face);
      }
      faces.push_back(std::move(face));
    }
    FaceList list = make_face_list(std::move(faces), std::move(classes), source_, split);
    list.note = left_out_note("FER+", split,
                              {{undecided, "whose votes agree on no class"},
                               {contemptuous, "of contempt (data.classes is 7)"}});
    return list;
  }

 private:
  static CsvTable read_votes(const fs::path& root) {
    if (!is_file(root / kVotes))
      throw InputError(
          fmt::format("data.root {}: no {} in it, the votes of FER+", root.string(), kVotes));
    return read_csv(root / kVotes);
  }

  DataSource source_;
  bool contempt_;
  CsvTable votes_;
  size_t usage_, image_;
  std::vector<size_t> columns_;
  Pictures pictures_;
};

}  // namespace

std::optional<size_t> ferplus_class(std::span<const double> votes) {
  LANET_REQUIRE(votes.size() == kFerPlusColumns, "{} columns of votes", votes.size());
  std::vector<double> left(votes.begin(), votes.end());
  for (double& count : left)
    if (count <= 1) count = 0;
  const double all = std::accumulate(left.begin(), left.end(), 0.0);
  double taken = 0, most = 0;
  size_t count = 0, best = 0;
  bool expression = true;  // the next is one
  while (taken < 0.75 * all && count < 3 && expression) {
    const double level = *std::max_element(left.begin(), left.end());
    for (size_t i = 0; i < left.size() && expression; ++i) {
      if (left[i] != level) continue;
      expression = i < kFerPlusClasses.size();
      if (!expression) break;
      if (most == 0) {
        most = level;
        best = i;
      }
      taken += level;
      left[i] = 0;
      ++count;
    }
  }
  if (taken <= 0.5 * all || count > 3) return std::nullopt;
  return best;
}

std::string recognise_ferplus(const DataSource& source) {
  return is_file(source.root / kVotes) ? fmt::format("it has {}", kVotes) : "";
}

SplitReader open_ferplus(const DataSource& source) {
  const auto tables = std::make_shared<FerPlus>(source);
  return [tables](Split split) { return tables->faces(split); };
}

}  // namespace lanet
