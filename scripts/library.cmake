# liblanet.so, the classifier for other programs, and what find_package(lanet) reads (docs/library.md).
# It holds what it needs of the static library, of which nothing can be seen from outside.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(library_exports ${CMAKE_SOURCE_DIR}/train/library/exports.map)
add_library(lanet_shared SHARED train/library/classifier.cpp)
target_link_libraries(lanet_shared PRIVATE lanet)
target_link_options(lanet_shared PRIVATE -Wl,--version-script=${library_exports} -Wl,--as-needed -Wl,--no-undefined)
target_compile_features(lanet_shared INTERFACE cxx_std_17)
set_target_properties(lanet_shared PROPERTIES
  OUTPUT_NAME lanet EXPORT_NAME lanet LINK_DEPENDS ${library_exports}
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

set(library_config ${CMAKE_INSTALL_LIBDIR}/cmake/lanet)
write_basic_package_version_file(lanet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS lanet_shared EXPORT lanet COMPONENT library
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT library
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES train/library/classifier.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lanet COMPONENT library)
install(EXPORT lanet NAMESPACE lanet:: FILE lanet-config.cmake DESTINATION ${library_config} COMPONENT library)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lanet-config-version.cmake DESTINATION ${library_config}
        COMPONENT library)
