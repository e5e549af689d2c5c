// A machine for scripts/gpu-check to run on: stand-ins for the program, its tests and NVIDIA's
// tools, which do wrong what they are told to.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/program.h"

namespace lanet::test::gpu_check {

namespace fs = std::filesystem;

// Stand-ins do wrong what the words in $WRONG say. Where there is a $CLOCK, a file, its seconds are
// the time: each stand-in takes what $TAKES says ("verify=5"), and none sleeps.
inline constexpr const char* kCommon = R"sh(#!/bin/sh
OLD_LIBRARY="cuDNN: loaded 8.9.7, compiled with 9.19.0; expected 9.19 or a newer 9."
is() { case " ${WRONG:-} " in *" $1 "*) return 0 ;; esac; return 1; }
takes() {
  for amount in ${TAKES:-}; do
    case $amount in
      $1=*) echo $(($(cat "$CLOCK") + ${amount#*=})) >"$CLOCK" ;;
    esac
  done
}
)sh";

inline constexpr const char* kProgram = R"sh(
all=" $* " device=cpu run= words=
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2 ;;
    --run | --out) run=$2 ;;
  esac
  words="$words $1"
  shift
done
case $words in
  " doctor --json")
    is broken-program && { echo "lib.so: not found" >&2; exit 127; }
    if is without-pip; then
      case $LD_LIBRARY_PATH in
        *nvidia/cudnn/lib:*nvidia/nccl/lib*) ;;
        *) echo "libcudnn.so.9: not found" >&2; exit 127 ;;
      esac
    fi
    gpu=',{"device":"cuda","name":"NVIDIA Test 9000","capability":"9.0"}' problems=
    is cpu-only && gpu=
    is no-device && gpu= problems='"Built with CUDA, but only the CPU works: there is no NVIDIA driver."'
    is old-library && problems='"'$OLD_LIBRARY'"'
    changed=false; is changed && changed=true
    echo '{"program":{"version":"0.1.0","commit":"0123456789abcdef0123456789abcdef01234567","changed":'$changed'},"cuda_driver":"13.0","cuda_driver_release":"580.65","devices":[{"device":"cpu","name":"C"}'$gpu'],"problems":['"$problems"']}' ;;
  " doctor"*)
    takes doctor
    is slow-doctor && sleep 30
    is old-library && { echo "problem     $OLD_LIBRARY"; exit; }
    is refused && { echo "problem     Built with CUDA, but only the CPU works: out of memory"; exit; }
    echo "No problems found." ;;
  " synth"*) takes synth; mkdir "$run" ;;
  " verify"*)
    takes verify
    case $all in *" bf16 "*) is hanging-verify && { trap "" TERM; sleep 30; } ;; esac
    is slow-verify && { touch "$ROOT/verifying"; sleep 30; touch "$ROOT/verified"; }
    case $all in *" bf16 "*) is wrong-bf16 && { echo '{"ok":false,"worst":1.5}'; exit 1; } ;; esac
    echo '{"file":"x","ok":true,"worst":0.25,"checks":[]}' ;;
  " bench"*) takes bench; echo "note: something"; echo '{"images_per_second":1234.5,"device":"cuda"}' ;;
  " train"*)
    case $all in
      *" --no-graph "*) takes eager ;;
      *demo.json*) takes demo ;;
      *" --device cuda "*) takes tuned ;;
      *) takes cpu ;;
    esac
    mkdir -p "$run"
    case $device$all in
      *" f64 "*)
        is no-f64 && { echo "out of memory" >&2; exit 1; }
        loss=2.0006 ;;
      cuda*)
        loss=2.0002
        is rounded-loss && loss=2.0012
        is other-loss && loss=2.1
        is no-loss && loss=null ;;
      *) loss=2.0 ;;
    esac
    for epoch in 1 2; do
      echo '{"epoch":'$epoch',"losses":{"landmark":15.5,"total":'$loss'},"learning_rate":0.1,"train_accuracy":0.9,"test_accuracy":'${ACCURACY:-0.6}',"seconds":1.5}'
    done >"$run/metrics.jsonl"
    echo weights >"$run/last.safetensors"
    case $all in *" --no-graph "*) is other-bits && echo others >"$run/last.safetensors" ;; esac
    exit 0 ;;
  *) exit 2 ;;
esac
)sh";

// As doctest's XML has it, in the order of the files.
inline constexpr const char* kTests = R"sh(
list="add knn gemm trainer"
case "$*" in
  *--list-test-cases*)
    for file in $list; do
      echo '  <TestCase name="a" filename="/x/tests/test_cuda_'$file'.cpp" line="1" skipped="false"/>'
      echo '  <TestCase name="b" filename="/x/tests/test_cuda_'$file'.cpp" line="2" skipped="false"/>'
    done
    echo '  <TestCase name="c" filename="/x/tests/test_rng.cpp" line="3" skipped="false"/>'
    exit ;;
esac
echo "$1" >>"$ROOT/test-runs"
echo "$LANET_TEST_DIR" >"$ROOT/test-dir"
code=0
for file in $list; do
  case $1 in
    *"*/test_cuda_$file.cpp"*) ;;
    *) continue ;;
  esac
  is no-$file && continue
  success=true
  takes $file
  echo '    <TestCase name="a" filename="/x/tests/test_cuda_'$file'.cpp" line="1" description="d">'
  if is skipped-$file || is refused || is old-library; then
    echo '      <Message type="WARNING" filename="m.h" line="9">'
    echo '        <Text>'
    reason="one device"
    is refused && reason="device cuda: out of memory"
    is old-library && reason="device cuda: $OLD_LIBRARY"
    echo "          SKIPPED: $reason"
    echo '        </Text>'
    echo '      </Message>'
  fi
  is hanging-$file && { takes hanging; exit; }
  is crashing-$file && kill -SEGV $$
  if is wrong-$file; then
    echo '      <Expression success="false" type="CHECK" filename="/x/tests/test_cuda_knn.cpp" line="7">'
    printf '        <%s>\n          %s\n        </%s>\n' Original 'a &lt; b' Original
    printf '        <%s>\n          %s\n        </%s>\n' Expanded '2 &lt; 1' Expanded Info 'dtype := f32' Info
    echo '      </Expression>'
    echo '      <Exception crash="false">'
    echo '        CUDA: an illegal memory access'
    echo '      </Exception>'
    success=false code=1
  fi
  echo '      <OverallResultsAsserts successes="2" failures="0" test_case_success="'$success'" duration="0.25"/>'
  echo '    </TestCase>'
done
is crashing-at-end && kill -SEGV $$
echo '  <OverallResultsAsserts successes="2" failures="0"/>'
exit $code
)sh";

inline constexpr const char* kSanitizer = R"sh(
tool=$2
shift 4
echo "========= COMPUTE-SANITIZER"
case "$*" in *gemm*) echo "========= Invalid __global__ read of size 4 bytes"; echo "========= ERROR SUMMARY: 1 error"; exit 9 ;; esac
if is refuses; then
  echo '========= Error: Device not supported. See the documentation'
  echo "========= ERROR SUMMARY: 0 errors"
  exit 0
fi
[ $tool = racecheck ] && is race && echo "========= Error: Race reported between Write access at a.cu:3"
"$@"
code=$?
takes $tool
if [ $code -ne 0 ]; then
  echo "========= Error: process didn't terminate successfully"
  echo "========= ERROR SUMMARY: 0 errors"
  exit $code
fi
if [ $tool = memcheck ]; then
  echo "========= ERROR SUMMARY: 0 errors"
elif is race; then
  echo "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"
  exit 9
else
  echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"
fi
)sh";

inline constexpr const char* kNvidiaSmi = R"sh(
limit=700.00
if is smi-once; then
  mkdir "$ROOT/asked" 2>/dev/null || exit 1
  limit="[N/A]"
fi
case $* in *csv*) echo "1980, 1980, 3201, $limit, 123.45, 35" ;; esac
)sh";

inline constexpr const char* kDate = R"sh(
cat "$CLOCK"
)sh";
// What really hangs is really killed, though sooner.
inline constexpr const char* kTimeout = R"sh(
limit=$3 start=$(cat "$CLOCK")
shift 3
case $* in
  *verify*bf16*)
    if is hanging-verify; then
      PATH=${PATH#*:} timeout -k 0.1 0.1 "$@"
      code=$?
      echo $((start + limit)) >"$CLOCK"
      exit $code
    fi ;;
esac
"$@"
code=$?
[ $(($(cat "$CLOCK") - start)) -le "$limit" ] && exit $code
echo $((start + limit)) >"$CLOCK"
exit 124
)sh";

inline constexpr const char* kCmake = R"sh(
if [ $1 = --build ]; then
  mkdir "$2" "$2/tests"
  cp "$ROOT/build/lanet-cuda" "$2"
  cp "$ROOT/build/tests/lanet-tests" "$2/tests"
else
  printf '%s\n' "$@" >"$ROOT/cmake-arguments"
fi
)sh";

inline constexpr const char* kName = "gpu-nvidia-test-9000-0123456789ab";

/// A machine with a ready build and nothing else.
class Machine {
 public:
  Machine() {
    fs::create_directories(root() / "scripts");
    fs::copy(script_source(), script());
    folder_.write("tests/golden/step.json", "{}");
    folder_.write("configs/demo.json", "{}");
    write_program("build/lanet-cuda", kProgram);
    write_program("build/tests/lanet-tests", kTests);
    write_program("bin/compute-sanitizer", kSanitizer);
    write_program("bin/nvidia-smi", kNvidiaSmi);
  }
  static fs::path script_source() { return tests_folder().parent_path() / "scripts/gpu-check"; }
  fs::path root() const { return folder_.path(); }
  fs::path script() const { return root() / "scripts/gpu-check"; }

  /// The exit code. `variables`: of the environment.
  int check(const std::string& variables = "") {
    return start(variables, " --build " + (root() / "build").string());
  }
  int start(const std::string& variables, const std::string& options) {
    const std::string command = "ROOT=" + root().string() + " PATH=" + (root() / "bin").string() +
                                ":$PATH " + variables + " " + script().string() + options + " >" +
                                (root() / "out").string() + " 2>" + (root() / "err").string();
    return WEXITSTATUS(std::system(command.c_str()));
  }
  /// The same with the stand-ins' own time; `takes`: that of each, in seconds.
  int check_by_clock(const std::string& variables, const std::string& takes) {
    write_program("bin/date", kDate);
    write_program("bin/timeout", kTimeout);
    const std::string clock = folder_.write("clock", "1000\n");
    return check("CLOCK=" + clock + " TAKES='" + takes + "' " + variables);
  }
  std::string out() const { return read_text(root() / "out"); }
  std::string err() const { return read_text(root() / "err"); }
  bool wrote_results() const { return fs::exists(root() / "bench/results"); }
  fs::path result_file(const std::string& end) const {
    return root() / "bench/results" / (kName + end);
  }
  nlohmann::json record() const { return nlohmann::json::parse(read_text(result_file(".json"))); }
  void write_program(const std::string& name, const std::string& text) {
    test::write_program(folder_, name, kCommon + text);
  }
  std::string write(const std::string& name, const std::string& text) {
    return folder_.write(name, text);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace lanet::test::gpu_check
