# Settings of our own code only: linked PRIVATE by every room and test, never by what they include.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(larder_settings INTERFACE)
target_compile_options(larder_settings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wextra-semi -fno-strict-aliasing)
if(EXISTS ${CMAKE_SOURCE_DIR}/.git)
  # In a checkout a warning is an error; in a release tarball a newer compiler must not break the build.
  target_compile_options(larder_settings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees ghosts in inlined std::string and coroutine frames (GCC bugs 105329, 107138).
  # and takes the operator delete of a coroutine's frame for another's (GCC bug 109224).
  target_compile_options(larder_settings INTERFACE -Wno-mismatched-new-delete -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow)
endif()
