// The review page of `lanet-cuda audit` in a browser: keys are pressed, and training reads what it
// saves.
#include <array>

#include "core/files/file.h"
#include "data/csv.h"
#include "tests/program.h"

namespace lanet::test {
namespace {

// Presses keys, saves, and leaves the file that would be saved in the page.
constexpr const char* kPerson = R"(<script>
  const press = key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  const saved = document.createElement('pre');
  window.Blob = class { constructor(parts) { saved.textContent = parts.join(''); } };
  URL.createObjectURL = () => '';
  HTMLAnchorElement.prototype.click = () => {};
  press('3');           // the first face: fear
  press('Enter');       // the second: as it is
  press('1');           // the third: anger,
  press('u');           // which is taken back,
  press('ArrowRight');  // and no choice made
  press('2');           // the fourth: disgust
  save();
  saved.prepend('saved:');
  saved.append('end; ' + at('progress').textContent);
  document.body.append(saved);
</script>)";

std::string browser() {
  const Outcome found = run_shell("command -v chromium || command -v google-chrome");
  return found.out.substr(0, found.out.find('\n'));
}

}  // namespace

TEST_CASE("review page: keys choose labels, and training reads the file that it saves") {
  if (browser().empty()) {
    MESSAGE("SKIPPED: there is no chromium");
    return;
  }
  const TemporaryFolder folder;
  auto file = [&](const std::string& name) { return (folder.path() / name).string(); };
  REQUIRE(run("synth --out " + file("faces") + " --train 70 --test 8 --size 64").code == 0);
  folder.write("faces.json", R"({"data": {"root": "faces", "image_size": 64, "landmarks":
      "landmarks_19.csv", "landmark_size": 64}, "method": "baseline", "train": {"batch": 35,
      "epochs": 1, "threads": 1}})");
  REQUIRE(run("audit " + file("faces.json") + " --out " + file("suspects.csv") + " --review " +
              file("review.html"))
              .code == 0);
  std::string page = read_text(file("review.html"));
  page.insert(page.rfind("</html>"), kPerson);
  folder.write("review.html", page);
  const Outcome shown =
      run_shell(browser() + " --headless --no-sandbox --disable-gpu " +
                "--user-data-dir=" + file("profile") + " --dump-dom file://" + file("review.html"));
  CAPTURE(shown.err);
  REQUIRE(shown.code == 0);
  const size_t begin = shown.out.find("<pre>saved:"), end = shown.out.find("end; ", begin);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::string saved = shown.out.substr(begin + 11, end - begin - 11);

  const CsvTable suspects = read_csv(file("suspects.csv"));
  std::string expected = "image,given,label\n";
  int count = 0;
  for (const auto& [place, label] : {std::pair{0, "fear"}, {3, "disgust"}}) {
    const std::string &image = suspects.rows[place][suspects.column("image")],
                      &given = suspects.rows[place][suspects.column("given")];
    if (given == label) continue;
    expected += image + "," + given + "," + label + "\n";
    ++count;
  }
  REQUIRE(count > 0);
  CHECK(saved == expected);
  CHECK(shown.out.find("3 of 70 reviewed, " + std::to_string(count) + " corrected") !=
        std::string::npos);

  folder.write("corrections.csv", saved);
  const Outcome trained =
      run("train " + file("faces.json") + " --set data.corrections=" + file("corrections.csv") +
          " --run " + file("run"));
  CAPTURE(trained.err);
  CHECK(trained.code == 0);
  CHECK((trained.out + trained.err).find(std::to_string(count) + " of 70 labels changed") !=
        std::string::npos);
}

}  // namespace lanet::test
