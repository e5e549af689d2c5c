// The report of one or several runs as a page of HTML that needs nothing else: no network, no
// script, no other file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lanet {

/// The page. with_faces: with pictures of training faces, taken from the data of a single run if
/// they can still be read. InputError if a folder is no run with a finished epoch (run_facts.h).
std::string run_report(const std::vector<std::filesystem::path>& runs, bool with_faces);

/// Throws InputError if there is a file at `path` that is not such a page.
void require_report_or_nothing(const std::filesystem::path& path);

}  // namespace lanet
