#include <doctest/doctest.h>

#include "core/files/file.h"
#include "core/files/npy.h"
#include "tests/data/damaged_files.h"
#include "tests/files.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

const std::filesystem::path kData = tests_folder() / "fixtures";

std::string npy_bytes(std::string_view header, size_t data_bytes) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + std::string(header) + std::string(data_bytes, '\0');
}

}  // namespace

TEST_CASE("npy: files of NumPy are read") {
  const HostArray points = read_npy(kData / "points_f4.npy");
  CHECK(points.shape == std::vector<int64_t>{2, 19, 2});
  CHECK(points.dtype == HostDType::f32);
  CHECK(points.at(75) == 37.5);
  const HostArray flat = read_npy(kData / "flat_f8.npy");
  CHECK(flat.shape == std::vector<int64_t>{2, 38});
  CHECK(flat.at(75) == 75.0);
  CHECK(read_npy(kData / "vector_i4.npy").to<int32_t>() == std::vector<int32_t>{-1, 2, 3});
  const HostArray scalar = read_npy(kData / "scalar_i8.npy");
  CHECK(scalar.shape.empty());
  CHECK(scalar.to<int64_t>() == std::vector<int64_t>{-(int64_t{1} << 40)});
  const HostArray bytes = read_npy(kData / "bytes_u1.npy");
  CHECK(bytes.shape == std::vector<int64_t>{2, 1});
  CHECK(bytes.to<uint8_t>() == std::vector<uint8_t>{0, 255});
  CHECK(read_npy(kData / "version2.npy").to<float>() == std::vector<float>{1.5f});
}

TEST_CASE("npy: a matrix that was written is read, and begins where NumPy aligns it") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "matrix.npy";
  write_npy(path, std::vector<float>{1, 2, 3, 4, 5, -6.5f}, 3);
  const HostArray matrix = read_npy(path);
  CHECK(matrix.shape == std::vector<int64_t>{2, 3});
  CHECK(matrix.to<float>() == std::vector<float>{1, 2, 3, 4, 5, -6.5f});
  CHECK(read_text(path).size() % 64 == 6 * sizeof(float));
  write_npy(path, {}, 3);
  CHECK(read_npy(path).shape == std::vector<int64_t>{0, 3});
}

TEST_CASE("npy: what is not read is named") {
  CHECK(is_line_with(input_error([] { read_npy(kData / "fortran.npy"); }),
                     "the array is in Fortran order"));
  CHECK(is_line_with(input_error([] { read_npy(kData / "int16.npy"); }),
                     "elements of type '<i2'; expected '<f4'"));
  CHECK(is_line_with(input_error([] { read_npy(kData / "python.safetensors"); }),
                     "python.safetensors: not an .npy file"));
  const TemporaryFolder folder;
  struct Case {
    const char* header;
    size_t data_bytes;
    const char* message;
  };
  const Case cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, }", 0, "lacks descr, fortran_order or shape"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4, "type '>f4'"},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "of type"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4,
       "f32 of shape (2,) takes 8 bytes; the file has 4"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 12, "the file has 12"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, "shape (-1,) is not read"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }", 8, "shape (1 2) is not read"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 2, }", 8, "shape 2 is not read"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999999,), }", 4,
       "is not read"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 0,
       "is not read"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("bad.npy", npy_bytes(c.header, c.data_bytes));
    const std::string message = input_error([&] { read_npy(path); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
    CHECK(message.starts_with(path.string()));
  }
  const auto path = folder.write("new.npy", std::string("\x93NUMPY\x04\x00", 8));
  CHECK(is_line_with(input_error([&] { read_npy(path); }), "format version 4; expected 1, 2 or 3"));
}

TEST_CASE("npy: cut and damaged files are refused or read, and nothing else happens") {
  CHECK(read_damaged(read_text(kData / "bytes_u1.npy"), "a.npy", read_npy) > 20);
  CHECK(read_damaged(read_text(kData / "version2.npy"), "a.npy", read_npy) > 20);
}

}  // namespace lanet::test
