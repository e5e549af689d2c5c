// classify RUN PICTURE…: prints the most probable expression in each picture.
#include <lanet/classifier.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: classify RUN PICTURE...\n");
    return 2;
  }
  const std::vector<std::string> files(argv + 2, argv + argc);
  bool all = true;
  try {
    lanet::FaceClassifier classifier(argv[1]);
    const std::vector<lanet::Classification> answers = classifier.classify_files(files);
    for (std::size_t i = 0; i < files.size(); ++i) {
      const lanet::Classification& answer = answers[i];
      if (answer.problem.empty())
        std::printf("%s\t%s\t%.6f\n", files[i].c_str(), classifier.classes()[answer.label].c_str(),
                    answer.probabilities[answer.label]);
      else
        std::fprintf(stderr, "%s\n", answer.problem.c_str());
      all = all && answer.problem.empty();
    }
  } catch (const lanet::BadInput& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return all ? 0 : 1;
}
