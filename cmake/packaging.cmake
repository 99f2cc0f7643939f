# `cmake --install`, and with `cpack -G DEB` (deploy/package.sh) a Debian package.

# Completions and the manual page come from the binary's own command line.
set(made "${CMAKE_BINARY_DIR}/made")
set(made_files "${made}/tocsin.1.gz" "${made}/bash" "${made}/fish" "${made}/zsh" "${made}/changelog.gz")
add_custom_command(OUTPUT ${made_files}
  COMMAND "${CMAKE_COMMAND}" "-Dtocsin=$<TARGET_FILE:tocsin>" "-Dmade=${made}" "-Dsource=${CMAKE_SOURCE_DIR}"
    -P "${CMAKE_SOURCE_DIR}/cmake/make_documents.cmake"
  DEPENDS tocsin "${CMAKE_SOURCE_DIR}/cmake/make_documents.cmake" "${CMAKE_SOURCE_DIR}/CHANGELOG.md" VERBATIM)
add_custom_target(documents DEPENDS ${made_files})
if(TOCSIN_PACKAGE)
  add_custom_target(package_contents ALL DEPENDS documents tocsin tocsin-bursts)
endif()

install(TARGETS tocsin tocsin-bursts RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES "${made}/tocsin.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${made}/bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME tocsin)
install(FILES "${made}/fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" RENAME tocsin.fish)
install(FILES "${made}/zsh" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" RENAME _tocsin)
install(FILES deploy/topics.json DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin")
install(DIRECTORY deploy/schemas deploy/prometheus deploy/alertmanager deploy/grafana DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin"
  FILES_MATCHING PATTERN "*.yaml" PATTERN "*.json" PATTERN "*.test.yaml" EXCLUDE)
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs" FILES_MATCHING PATTERN "*.md")
install(FILES README.md deploy/debian/copyright "${made}/changelog.gz" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# Settings and unit: only where the system looks for them. To any other prefix they go as examples.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  install(FILES deploy/debian/tocsin.yaml deploy/debian/watchlist.yaml DESTINATION /etc/tocsin)
  install(FILES deploy/debian/default DESTINATION /etc/default RENAME tocsin PERMISSIONS OWNER_READ OWNER_WRITE)
  install(FILES deploy/systemd/tocsin.service DESTINATION /usr/lib/systemd/system)
else()
  install(FILES deploy/debian/tocsin.yaml deploy/debian/watchlist.yaml deploy/systemd/tocsin.service
    DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin/examples")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Tocsin authors <tocsin@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "watches the social-media firehose for brands in trouble")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Reads posts from Kafka, finds the brands that they mention,
classifies sentiment, keeps sliding event-time windows for every brand
and publishes crisis signals to a topic: early, explained, exactly once.
One binary, no database, no coordinator. Brings a hardened systemd unit,
which is not started unasked.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/deploy/debian/conffiles" "${CMAKE_SOURCE_DIR}/deploy/debian/postinst"
  "${CMAKE_SOURCE_DIR}/deploy/debian/prerm" "${CMAKE_SOURCE_DIR}/deploy/debian/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
