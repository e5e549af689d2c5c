# Finds what the project uses; nothing is vendored. Each package is named in third_party/README.md.
# LANET_INCLUDE_DIRS adds header folders (for machines without the distribution's packages).
set(LANET_INCLUDE_DIRS "" CACHE STRING "Extra header folders, separated by semicolons")
list(APPEND CMAKE_INCLUDE_PATH ${LANET_INCLUDE_DIRS})

# Header-only packages: found by one header each.
function(lanet_find_headers name header package)
  find_path(LANET_${name}_INCLUDE ${header} PATH_SUFFIXES ${ARGN})
  if(NOT LANET_${name}_INCLUDE)
    message(FATAL_ERROR "${header} was not found. Install the Debian package ${package}, or name its "
                        "folder in LANET_INCLUDE_DIRS.")
  endif()
  add_library(lanet_${name} INTERFACE)
  add_library(lanet::${name} ALIAS lanet_${name})
  target_include_directories(lanet_${name} SYSTEM INTERFACE ${LANET_${name}_INCLUDE})
endfunction()
lanet_find_headers(json nlohmann/json.hpp nlohmann-json3-dev)
lanet_find_headers(cli11 CLI/CLI.hpp libcli11-dev)
lanet_find_headers(stb stb_image.h libstb-dev stb)
if(BUILD_TESTING)
  lanet_find_headers(doctest doctest/doctest.h doctest-dev)
endif()

# fmt: as a library where its package is whole, which compiles each file in a fraction of the time;
# else its headers alone. Headers and library must be of one version.
lanet_find_headers(fmt fmt/format.h libfmt-dev)
find_package(fmt QUIET CONFIG)
set(fmt_headers "")
if(TARGET fmt::fmt)
  get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
endif()
if(fmt_headers STREQUAL LANET_fmt_INCLUDE)
  target_link_libraries(lanet_fmt INTERFACE fmt::fmt)
else()
  target_compile_definitions(lanet_fmt INTERFACE FMT_HEADER_ONLY=1)
endif()
# Under nvcc fmt 9 takes half of its constexpr away, which does not compile as C++20.
target_compile_definitions(lanet_fmt INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)

find_path(LANET_ZIP_INCLUDE zip.h)
find_library(LANET_ZIP_LIBRARY zip)
if(NOT LANET_ZIP_INCLUDE OR NOT LANET_ZIP_LIBRARY)
  message(FATAL_ERROR "libzip was not found (zip.h and libzip). Install the Debian package libzip-dev, "
                      "or set LANET_INCLUDE_DIRS and LANET_ZIP_LIBRARY.")
endif()
add_library(lanet_zip INTERFACE)
add_library(lanet::zip ALIAS lanet_zip)
target_include_directories(lanet_zip SYSTEM INTERFACE ${LANET_ZIP_INCLUDE})
target_link_libraries(lanet_zip INTERFACE ${LANET_ZIP_LIBRARY})

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)

# oneDNN: AUTO takes it where it is found; without it the reference kernels run on the CPU.
set(LANET_ONEDNN AUTO CACHE STRING "Use oneDNN on the CPU: AUTO, ON or OFF")
set_property(CACHE LANET_ONEDNN PROPERTY STRINGS AUTO ON OFF)
set(LANET_HAVE_ONEDNN OFF)
if(NOT LANET_ONEDNN STREQUAL "OFF")
  # By header and library: the package's own configuration also wants OpenCL, which a bare Debian lacks
  # and nothing here uses.
  find_path(LANET_DNNL_INCLUDE oneapi/dnnl/dnnl_version.h)
  find_library(LANET_DNNL_LIBRARY dnnl)
  set(dnnl_version "")
  if(LANET_DNNL_INCLUDE AND LANET_DNNL_LIBRARY)
    file(STRINGS ${LANET_DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h numbers
         REGEX "define +DNNL_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    string(REGEX REPLACE "[^0-9;]" "" numbers "${numbers}")
    string(REPLACE ";" "." dnnl_version "${numbers}")
  endif()
  if(dnnl_version VERSION_GREATER_EQUAL 2.6 AND dnnl_version VERSION_LESS 3)
    set(LANET_HAVE_ONEDNN ON)
    add_library(lanet_dnnl INTERFACE)
    add_library(lanet::dnnl ALIAS lanet_dnnl)
    target_include_directories(lanet_dnnl SYSTEM INTERFACE ${LANET_DNNL_INCLUDE})
    target_link_libraries(lanet_dnnl INTERFACE ${LANET_DNNL_LIBRARY})
    message(STATUS "CPU library: oneDNN ${dnnl_version}")
  elseif(LANET_ONEDNN STREQUAL "ON")
    message(FATAL_ERROR "LANET_ONEDNN=ON, but oneDNN 2.6 or a newer 2.x was not found (found: "
                        "'${dnnl_version}'). Install the Debian package libdnnl-dev, or set "
                        "LANET_INCLUDE_DIRS and LANET_DNNL_LIBRARY.")
  endif()
endif()
if(NOT LANET_HAVE_ONEDNN)
  message(STATUS "CPU library: none. oneDNN is not used; the slow reference kernels run on the CPU.")
endif()

# libwebp: AUTO takes it where it is found; without it WebP pictures are refused by name.
set(LANET_WEBP AUTO CACHE STRING "Read WebP pictures by libwebp: AUTO, ON or OFF")
set_property(CACHE LANET_WEBP PROPERTY STRINGS AUTO ON OFF)
set(LANET_HAVE_WEBP OFF)
if(NOT LANET_WEBP STREQUAL "OFF")
  find_path(LANET_WEBP_INCLUDE webp/decode.h)
  find_library(LANET_WEBP_LIBRARY webp)
  if(LANET_WEBP_INCLUDE AND LANET_WEBP_LIBRARY)
    set(LANET_HAVE_WEBP ON)
    add_library(lanet_webp INTERFACE)
    add_library(lanet::webp ALIAS lanet_webp)
    target_include_directories(lanet_webp SYSTEM INTERFACE ${LANET_WEBP_INCLUDE})
    target_link_libraries(lanet_webp INTERFACE ${LANET_WEBP_LIBRARY})
  elseif(LANET_WEBP STREQUAL "ON")
    message(FATAL_ERROR "LANET_WEBP=ON, but libwebp was not found (webp/decode.h and libwebp). Install the "
                        "Debian package libwebp-dev, or set LANET_INCLUDE_DIRS and LANET_WEBP_LIBRARY.")
  endif()
endif()
if(NOT LANET_HAVE_WEBP)
  message(STATUS "WebP pictures: not read, as libwebp is not used.")
endif()

# MPI: AUTO takes it where it is found; without it CPUs are not trained on by several processes.
set(LANET_MPI AUTO CACHE STRING "Use MPI for several processes: AUTO, ON or OFF")
set_property(CACHE LANET_MPI PROPERTY STRINGS AUTO ON OFF)
set(LANET_HAVE_MPI OFF)
if(NOT LANET_MPI STREQUAL "OFF")
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI 3.0 QUIET COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(LANET_HAVE_MPI ON)
    add_library(lanet_mpi INTERFACE)
    add_library(lanet::mpi ALIAS lanet_mpi)
    target_include_directories(lanet_mpi SYSTEM INTERFACE ${MPI_CXX_INCLUDE_DIRS})
    target_link_libraries(lanet_mpi INTERFACE ${MPI_CXX_LIBRARIES})
    message(STATUS "Several processes on CPUs: MPI ${MPI_CXX_VERSION}")
  elseif(LANET_MPI STREQUAL "ON")
    message(FATAL_ERROR "LANET_MPI=ON, but MPI 3.0 or newer was not found. Install the Debian package "
                        "libopenmpi-dev, or set MPI_CXX_COMPILER.")
  endif()
endif()
if(NOT LANET_HAVE_MPI)
  message(STATUS "Several processes on CPUs: no MPI was found.")
endif()

if(LANET_CUDA)
  include(${CMAKE_CURRENT_LIST_DIR}/cuda.cmake)
endif()
