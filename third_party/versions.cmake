# Refuses headers of NVIDIA's libraries that are older than what the code uses. The oldest versions are
# those of the table in core/library_versions.h, which the program holds its loaded libraries to.
set(lanet_oldest_versions ${CMAKE_CURRENT_LIST_DIR}/../core/library_versions.h)

# lanet_oldest_version(<variable> <library>): its oldest version, as 9.8
function(lanet_oldest_version variable library)
  file(STRINGS ${lanet_oldest_versions} line REGEX "OldestVersion{\"${library}\", \"[0-9.]+\"}")
  if(NOT line MATCHES "\", \"([0-9.]+)\"}")
    message(FATAL_ERROR "${lanet_oldest_versions}: no oldest version of ${library}")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# lanet_header_version(<variable> <header> <macros of major, minor, patch>): as 9.19.0; empty where
# the header does not have them.
function(lanet_header_version variable header macros)
  set(numbers "")
  foreach(macro ${macros})
    set(line "")
    if(EXISTS ${header})
      file(STRINGS ${header} line REGEX "^#define ${macro} +[0-9]+" LIMIT_COUNT 1)
    endif()
    if(NOT line MATCHES "${macro} +([0-9]+)")
      set(${variable} "" PARENT_SCOPE)
      return()
    endif()
    list(APPEND numbers ${CMAKE_MATCH_1})
  endforeach()
  list(JOIN numbers "." version)
  set(${variable} ${version} PARENT_SCOPE)
endfunction()

# lanet_version_problem(<variable> <library> <version> <where> <variable of the root>): what is wrong
# with this version of a library, which was read in a file or folder; empty: nothing.
function(lanet_version_problem variable library version where root)
  lanet_oldest_version(oldest ${library})
  set(problem "")
  if(NOT version)
    set(problem "the version of ${library} was not found in ${where}")
  elseif(version VERSION_LESS oldest)
    set(problem "${library} is ${version} in ${where}")
  endif()
  if(problem)
    string(APPEND problem "; expected ${oldest} or newer. Set -D${root}=<folder>, or configure the preset 'cpu'.")
  endif()
  set(${variable} "${problem}" PARENT_SCOPE)
endfunction()
