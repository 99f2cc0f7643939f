# cmake -Dtocsin=BINARY -Dmade=FOLDER -Dsource=ROOT -P: completions and manual page, as the binary writes them.
file(MAKE_DIRECTORY "${made}")
foreach(shell bash fish zsh)
  execute_process(COMMAND "${tocsin}" completion ${shell} OUTPUT_FILE "${made}/${shell}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND "${tocsin}" manual OUTPUT_FILE "${made}/tocsin.1" COMMAND_ERROR_IS_FATAL ANY)
file(COPY_FILE "${source}/CHANGELOG.md" "${made}/changelog")
# Neither name nor time, so that the same input gives the same bytes.
execute_process(COMMAND gzip -9nf "${made}/tocsin.1" "${made}/changelog" COMMAND_ERROR_IS_FATAL ANY)
