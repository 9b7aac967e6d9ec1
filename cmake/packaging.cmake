# What is installed, and the Debian package made of it: cmake --build --preset release --target package
# (or cpack -G DEB --config build/release/CPackConfig.cmake). Included last, when all targets are known.
include(GNUInstallDirs)

if(TARGET larder)
  install(TARGETS larder RUNTIME DESTINATION bin)
endif()

# Where Debian's systemd and its helpers look, whatever the prefix.
set(LARDER_UNITS lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/systemd/larder.service ${CMAKE_SOURCE_DIR}/systemd/larder.socket
        DESTINATION ${LARDER_UNITS})
install(FILES ${CMAKE_SOURCE_DIR}/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME larder.conf)
install(FILES ${CMAKE_SOURCE_DIR}/systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME larder.conf)

# Made by the program itself at build time (`larder man`, `larder completion bash`), from the same
# definitions as its options.
find_program(GZIP gzip)
if(TARGET larder AND GZIP)
  install(CODE "
    if(EXISTS \"${CMAKE_BINARY_DIR}/larder.8\")
      execute_process(COMMAND \"${GZIP}\" -9nc \"${CMAKE_BINARY_DIR}/larder.8\"
        OUTPUT_FILE \"${CMAKE_BINARY_DIR}/larder.8.gz\" COMMAND_ERROR_IS_FATAL ANY)
      file(INSTALL \"${CMAKE_BINARY_DIR}/larder.8.gz\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/share/man/man8\")
    endif()")
endif()
install(FILES ${CMAKE_BINARY_DIR}/larder.bash DESTINATION share/bash-completion/completions RENAME larder OPTIONAL)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/larder)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME larder)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "verifying mirror and cache of Debian package archives")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Larder stands between upstream package archives and the machines that install
from them. It serves only what a signed index vouches for, fetches each file
once however many clients ask, and goes on serving the last good state when
an upstream breaks, lies or goes away.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Larder maintainers <larder@archive.example>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# adduser makes the user where there is no systemd-sysusers; gpg is the engine that GPGME runs, gpg-agent what it signs with.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, gpg, gpg-agent, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, debian-archive-keyring")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/systemd/debian/preinst
  ${CMAKE_SOURCE_DIR}/systemd/debian/postinst
  ${CMAKE_SOURCE_DIR}/systemd/debian/prerm
  ${CMAKE_SOURCE_DIR}/systemd/debian/postrm)
include(CPack)
