# cmake -DOUTPUT=FILE -DSOURCE=FOLDER -P WriteCommit.cmake
# Writes build_commit.cpp for the commit that SOURCE is at ("-dirty" where files differ from it; empty outside of a
# clone). The file is left alone when it would not change, so that nothing is built anew for it.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --exclude=* --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
set(text "#include \"cli/build_commit.h\"\n\nnamespace fairlead::cli {\n\nstd::string_view build_commit() {\n    return \"${commit}\";\n}\n\n}  // namespace fairlead::cli\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
