# Language level, warnings and the sanitizer switch, for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(CHAT_GATEWAY_WERROR "Warnings are errors" OFF)
set(CHAT_GATEWAY_SANITIZE "" CACHE STRING "address,undefined or thread")

# The way of a message crosses modules; inlined, it costs up to a sixth less (docs/performance.md).
string(COMPARE EQUAL "${CMAKE_BUILD_TYPE}" RelWithDebInfo optimised)
if(optimised AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CHAT_GATEWAY_SANITIZE)
  set(lto_by_default ON)
else()
  set(lto_by_default OFF)
endif()
option(CHAT_GATEWAY_LTO "Optimise the daemon as a whole" ${lto_by_default})

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

option(CHAT_GATEWAY_FUZZ "Build libFuzzer programs (clang)" OFF)
if(CHAT_GATEWAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 reports the coroutine frames of asio::awaitable, which are allocated by its own operator new.
  add_compile_options(-Wno-mismatched-new-delete)
endif()
if(CHAT_GATEWAY_WERROR)
  add_compile_options(-Werror)
endif()
if(CHAT_GATEWAY_SANITIZE)
  add_compile_options(-fsanitize=${CHAT_GATEWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CHAT_GATEWAY_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code confuses gcc's flow analysis: variants and optionals are reported that are never read empty.
    add_compile_options(-Wno-maybe-uninitialized)
    if(CHAT_GATEWAY_SANITIZE MATCHES thread)
      # Asio's fences order handlers that its locks order as well; the sanitizer sees the locks.
      add_compile_options(-Wno-tsan)
    endif()
  endif()
endif()
