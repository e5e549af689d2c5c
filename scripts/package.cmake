# The files that are installed without CUDA, and the Debian package made of them (docs/packages.md).
include(GNUInstallDirs)
install(TARGETS lanet-cuda DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/lanet-cuda)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lanet-cuda)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lanet-cuda)

# Debian wants an address; the project has no mail, and nothing sent to example.org arrives.
set(CPACK_PACKAGE_CONTACT "The lanet-cuda authors <lanet-cuda@example.org>")

# The manual page and the completions come from the program, the changelog from CHANGELOG.md. Debian
# wants the page and the changelog compressed, and no time in the compressed files.
set(shell_files ${CMAKE_CURRENT_BINARY_DIR}/shell)
file(MAKE_DIRECTORY ${shell_files})
add_custom_command(OUTPUT ${shell_files}/lanet-cuda.1.gz
  COMMAND lanet-cuda man > ${shell_files}/lanet-cuda.1
  COMMAND gzip -9nf ${shell_files}/lanet-cuda.1
  DEPENDS lanet-cuda VERBATIM)
add_custom_command(OUTPUT ${shell_files}/changelog.gz
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/scripts/debian-changelog
          ${CMAKE_CURRENT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_VERSION} ${CPACK_PACKAGE_CONTACT}
          > ${shell_files}/changelog
  COMMAND gzip -9nf ${shell_files}/changelog
  DEPENDS CHANGELOG.md scripts/debian-changelog VERBATIM)
install(FILES ${shell_files}/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lanet-cuda)
set(made ${shell_files}/changelog.gz ${shell_files}/lanet-cuda.1.gz)
install(FILES ${shell_files}/lanet-cuda.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
foreach(shell bash zsh fish)
  set(folder_bash bash-completion/completions)
  set(name_bash lanet-cuda)
  set(folder_zsh zsh/vendor-completions)
  set(name_zsh _lanet-cuda)
  set(folder_fish fish/vendor_completions.d)
  set(name_fish lanet-cuda.fish)
  add_custom_command(OUTPUT ${shell_files}/completion.${shell}
    COMMAND lanet-cuda completion ${shell} > ${shell_files}/completion.${shell}
    DEPENDS lanet-cuda VERBATIM)
  list(APPEND made ${shell_files}/completion.${shell})
  install(FILES ${shell_files}/completion.${shell} RENAME ${name_${shell}}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder_${shell}})
endforeach()
add_custom_target(shell_files ALL DEPENDS ${made})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "train classifiers of facial expressions on wrong labels")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "LA-Net estimates which labels of a set of faces are wrong, from facial\nlandmarks and the pictures, and trains a plain ResNet that withstands them.\nThis package computes on the CPU, and needs one of the level x86-64-v3.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "ffmpeg, openmpi-bin, librsvg2-bin")
set(CPACK_STRIP_FILES ON)
include(CPack)
