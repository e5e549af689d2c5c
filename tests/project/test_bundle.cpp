// scripts/bundle with stand-ins for CMake and the tools that read programs: which libraries it
// packs, and what it refuses; and the arguments of scripts/check-bundle, which .ci/run has try real
// bundles.
#include <set>

#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCmake = R"sh(#!/bin/sh
case $1 in
  --preset)
    echo "$*" >>calls
    mkdir -p build/$2/tests
    { for name in cudnn nccl cublas cublaslt; do
        echo "LANET_${name}_LIBRARY:FILEPATH=$PWD/cuda/lib/lib$name.so"
      done
      for name in json cli11 stb doctest fmt; do echo "LANET_${name}_INCLUDE:PATH=$PWD/usr"; done
      echo "CUDA_cudart_static_LIBRARY:FILEPATH=$PWD/cuda/lib/libcudart_static.a"
      echo "CUDA_nvrtc_LIBRARY:FILEPATH=$PWD/cuda/lib/libnvrtc.so"; } >build/$2/CMakeCache.txt
    printf '#!/bin/sh\necho "lanet-cuda 1.2"\necho "library     cuDNN 9.1, loaded 9.1"\n' >build/$2/lanet-cuda
    chmod +x build/$2/lanet-cuda
    cp build/$2/lanet-cuda build/$2/tests/lanet-tests ;;
  --install)
    to=$4
    [ "$2" != "$PWD/build/portable" ] || to=$4/bin
    mkdir -p "$to/tests"
    cp build/*/lanet-cuda "$to"
    cp build/*/tests/lanet-tests "$to/tests" ;;
esac
)sh";

// Libraries are read from lib/ of a bundle where they are there, else from the machine.
constexpr const char* kLdd = R"sh(#!/bin/sh
packed=$(dirname "$1")/lib
[ -d "$packed" ] || packed=$(dirname "$1")/../lib
find_library() {
  file=$2
  [ ! -e "$packed/$1" ] || file=$packed/$1
  printf '\t%s => %s (0x1)\n' "$1" "$file"
}
printf '%s:\n\tlinux-vdso.so.1 (0x1)\n\t/lib64/ld-linux-x86-64.so.2 (0x1)\n' "$1"
for library in c.so.6 m.so.6 pthread.so.0; do find_library lib$library /lib/lib$library; done
find_library libcuda.so.1 "$PWD/driver/libcuda.so.1"
find_library libzip.so.4 "$PWD/usr/libzip.so.4"
[ "$NO_CUDA" ] || for library in cudnn.so.9 nccl.so.2 cublasLt.so.13; do find_library lib$library "$PWD/cuda/lib/lib$library"; done
case $WRONG in
  missing) printf '\tlibgomp.so.1 => not found\n' ;;
  stub) find_library libodd.so.1 "$PWD/cuda/lib/stubs/libodd.so.1" ;;
esac
)sh";

// The stand-in for a library holds its SONAME.
constexpr const char* kObjdump = R"sh(#!/bin/sh
echo "  SONAME               $(cat "$2")"
)sh";

/// A tree with the script and the presets, on a machine with a few libraries.
class Tree {
 public:
  Tree() {
    const fs::path tree = tests_folder().parent_path();
    fs::create_directories(root() / "scripts");
    fs::copy(tree / "scripts/bundle", root() / "scripts/bundle");
    fs::copy(tree / "CMakePresets.json", root() / "CMakePresets.json");
    folder_.write("LICENSE", "mine");
    write_program("bin/cmake", kCmake);
    write_program("bin/ldd", kLdd);
    write_program("bin/objdump", kObjdump);
    write_program("bin/dpkg-query", "#!/bin/sh\nexit 1\n");
    write_program("bin/readelf", "#!/bin/sh\necho GLIBC_2.9 GLIBC_2.35 GLIBC_2.4\n");
    for (const char* name :
         {"libcudnn.so.9", "libcudnn_ops.so.9", "libnccl.so.2", "libcublasLt.so.13",
          "libnvrtc.so.13", "libnvrtc-builtins.so.13.0", "libcufft.so.12", "stubs/libodd.so.1"})
      folder_.write(std::string("cuda/lib/") + name, fs::path(name).filename());
    folder_.write("cuda/lib/libcudnn_ops.so.8", "libcudnn_ops.so.8");  // of another version
    for (const char* name : {"libcudnn.so.9", "libnvrtc.so.13"})
      fs::create_symlink(name, root() / "cuda/lib" /
                                   std::string(name).substr(0, std::string(name).find(".so") + 3));
    folder_.write("usr/libzip.so.4.0", "libzip.so.4");
    fs::create_symlink("libzip.so.4.0", root() / "usr/libzip.so.4");
  }
  fs::path root() const { return folder_.path(); }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }

  void write_program(const std::string& name, const std::string& script) {
    test::write_program(folder_, name, script);
  }

  Outcome script(const std::string& words, const std::string& variables = "") const {
    return run_shell("cd " + root().string() + " && PATH=" + (root() / "bin").string() + ":$PATH " +
                     variables + " scripts/" + words);
  }
  Outcome bundle(const std::string& arguments, const std::string& variables = "") const {
    return script("bundle " + arguments, variables);
  }
  std::set<std::string> libraries(const std::string& bundle) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(root() / bundle / "lib")) {
      CHECK(entry.symlink_status().type() == fs::file_type::regular);
      names.insert(entry.path().filename());
    }
    return names;
  }

 private:
  TemporaryFolder folder_;
};

/// One line on stderr that holds `what`, and nothing on stdout.
void check_one_line(const Outcome& outcome, int code, const std::string& what,
                    const std::string& script = "bundle") {
  CAPTURE(outcome.err);
  CHECK(outcome.code == code);
  CHECK(outcome.out.empty());
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  CHECK(outcome.err.starts_with(script + ": "));
  CHECK(outcome.err.find(what) != std::string::npos);
}

}  // namespace

TEST_CASE("bundle: without options it has every architecture and NVIDIA's libraries") {
  Tree tree;
  const Outcome outcome = tree.bundle("");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out.starts_with("bundle: "));
  CHECK(
      read_text(tree.root() / "calls") ==
      "--preset bundle -DCMAKE_CUDA_ARCHITECTURES=80-real;86-real;89-real;90-real;100-real;120\n");
  CHECK(tree.libraries("build/lanet-cuda") ==
        std::set<std::string>{"libzip.so.4", "libcudnn.so.9", "libcudnn_ops.so.9", "libnccl.so.2",
                              "libcublasLt.so.13", "libnvrtc.so.13", "libnvrtc-builtins.so.13.0"});
  CHECK(read_text(tree.root() / "build/lanet-cuda/lib/libnvrtc.so.13") == "libnvrtc.so.13");
  const std::string text = read_text(tree.root() / "build/lanet-cuda/README.md");
  CHECK(text.find("glibc 2.35 or newer, and an NVIDIA driver.") != std::string::npos);
  CHECK(text.find("library     cuDNN 9.1\n") != std::string::npos);
  CHECK(fs::exists(tree.root() / "build/lanet-cuda.tar.zst"));
  CHECK_FALSE(fs::exists(tree.root() / "build/lanet-cuda/LICENSE"));  // CMake installs it
  CHECK(fs::status(tree.root() / "build/lanet-cuda").permissions() == fs::perms(0755));
}

TEST_CASE(
    "bundle: for one architecture it leaves NVIDIA's libraries out unless they are asked for") {
  Tree tree;
  REQUIRE(tree.bundle("--architecture 90 --out small").code == 0);
  CHECK(read_text(tree.root() / "calls") == "--preset bundle -DCMAKE_CUDA_ARCHITECTURES=90\n");
  CHECK(tree.libraries("small") == std::set<std::string>{"libzip.so.4"});
  CHECK(read_text(tree.root() / "small/README.md").find("CUDNN_ROOT=") != std::string::npos);
  const Outcome listing = run_shell("tar -I zstd -tf " + (tree.root() / "small.tar.zst").string());
  CHECK(listing.out.find("small/lib/libzip.so.4\n") != std::string::npos);
  CHECK(listing.out.find("small/tests/lanet-tests\n") != std::string::npos);

  REQUIRE(tree.bundle("--architecture 90 --nvidia --out whole").code == 0);
  CHECK(tree.libraries("whole").contains("libnvrtc-builtins.so.13.0"));
}

TEST_CASE("bundle: for the CPU it has the program and its libraries, in an archive of gzip") {
  Tree tree;
  const Outcome outcome = tree.bundle("--cpu", "NO_CUDA=yes");
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(read_text(tree.root() / "calls") == "--preset portable\n");
  CHECK(read_text(tree.root() / "build/lanet-cuda-cpu/LICENSE") == "mine");
  CHECK(tree.libraries("build/lanet-cuda-cpu") == std::set<std::string>{"libzip.so.4"});
  const std::string text = read_text(tree.root() / "build/lanet-cuda-cpu/README.md");
  CHECK(text.find("glibc 2.35 or newer, and nothing else.") != std::string::npos);
  CHECK(text.find("    bin/lanet-cuda doctor ") != std::string::npos);
  CHECK(text.find("gpu-check") == std::string::npos);
  const Outcome listing =
      run_shell("tar -tzf " + (tree.root() / "build/lanet-cuda-cpu.tar.gz").string());
  CHECK(listing.out.find("lanet-cuda-cpu/bin/lanet-cuda\n") != std::string::npos);
  CHECK(listing.out.find("lanet-cuda-cpu/lib/libzip.so.4\n") != std::string::npos);
}

TEST_CASE("bundle: it replaces a bundle and nothing else") {
  Tree tree;
  REQUIRE(tree.bundle("--architecture 90 --out small").code == 0);
  tree.write("small/lib/libold.so.1", "");
  REQUIRE(tree.bundle("--architecture 90 --out small").code == 0);
  CHECK(tree.libraries("small") == std::set<std::string>{"libzip.so.4"});

  fs::remove(tree.root() / "calls");
  tree.write("mine/README.md", "# Mine");
  tree.write("other.tar.zst", "mine");
  check_one_line(tree.bundle("--out mine"), 2, "mine.tar.zst exists and is not a bundle");
  check_one_line(tree.bundle("--out other"), 2, "other.tar.zst exists and is not a bundle");
  CHECK(read_text(tree.root() / "mine/README.md") == "# Mine");
  CHECK(read_text(tree.root() / "other.tar.zst") == "mine");
  CHECK_FALSE(fs::exists(tree.root() / "calls"));  // it was refused before anything was built
}

TEST_CASE("bundle: wrong options are one line and exit code 2") {
  Tree tree;
  check_one_line(tree.bundle("--arch 90"), 2, "unexpected '--arch'; usage: ");
  check_one_line(tree.bundle("--out"), 2, "--out needs a value; usage: ");
  check_one_line(tree.bundle("--architecture 91"), 2, "--architecture 91: expected one of 80 86 ");
  check_one_line(tree.bundle("--cpu --nvidia"), 2, "--cpu is for machines without a GPU; usage: ");
  check_one_line(tree.bundle("--architecture '80 86'"), 2, "--architecture 80 86: expected one ");
  CHECK_FALSE(fs::exists(tree.root() / "build"));
}

TEST_CASE("bundle: the program that would pack it and is missing is named") {
  Tree tree;
  REQUIRE(run_shell("mkdir " + (tree.root() / "few").string() +
                    " && for name in dirname sed grep tr head; do ln -s \"$(command -v $name)\" " +
                    (tree.root() / "few").string() + "; done")
              .code == 0);
  const std::string path = "PATH=" + (tree.root() / "few").string();
  check_one_line(tree.bundle("--cpu", path), 1, "needs gzip (Debian package gzip)\n");
  check_one_line(tree.bundle("", path), 1, "needs zstd (Debian package zstd)\n");
}

TEST_CASE("check-bundle: wrong arguments are one line and exit code 2") {
  Tree tree;
  for (const char* name : {"check-bundle", "debian-root.sh"})
    fs::copy(tests_folder() / "../scripts" / name, tree.root() / "scripts" / name);
  tree.write_program("bin/unshare", "#!/bin/sh\nexit 1\n");  // were they taken, it would stop here
  for (const char* name : {"a.tar.gz", "a.tar.zst", "b.tar.zst"}) tree.write(name, "");
  const auto check = [&](const std::string& arguments) {
    return tree.script("check-bundle " + arguments);
  };
  for (const char* arguments :
       {"", "a.tar.gz b.tar.zst", "a.tar.zst a.tar.gz", "a.tar.zst b.tar.zst a.tar.zst"})
    check_one_line(check(arguments), 2, "usage: scripts/check-bundle WHOLE.tar.zst",
                   "check-bundle");
  check_one_line(check("a.tar.zst none.tar.zst"), 2, "none.tar.zst: no such file\n",
                 "check-bundle");
  for (const char* arguments : {"a.tar.gz", "a.tar.zst", "a.tar.zst b.tar.zst"})
    CHECK(check(arguments).err.find("usage") == std::string::npos);
}

TEST_CASE("bundle: a library that is missing or a stub ends it, and leaves nothing") {
  Tree tree;
  tree.write("out/bundle.part/mine", "");
  const auto ends = [&](const std::string& options, const std::string& wrong,
                        const std::string& what) {
    const Outcome outcome = tree.bundle("--out out/bundle " + options, "WRONG=" + wrong);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.err.find(what) != std::string::npos);
    for (const auto& entry : fs::directory_iterator(tree.root() / "out"))
      CHECK(entry.path().filename() == "bundle.part");
    CHECK(fs::exists(tree.root() / "out/bundle.part/mine"));  // not the script's
  };
  ends("--architecture 90", "missing", "libgomp.so.1 is needed and was not found");
  ends("--architecture 90", "stub", "libodd.so.1 would be the toolkit's stub ");
  fs::remove(tree.root() / "cuda/lib/libnvrtc-builtins.so.13.0");
  ends("", "", "bundle: nvrtc's headers were not found beside ");
  fs::remove(tree.root() / "cuda/lib/libcudnn_ops.so.9");
  ends("", "", "bundle: cuDNN's parts were not found beside ");
}

}  // namespace lanet::test
