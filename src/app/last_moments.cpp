#include "last_moments.hpp"

#include <csignal>
#include <initializer_list>
#include <sys/time.h>
#include <unistd.h>

namespace chat_gateway::app {
namespace {

constexpr suseconds_t longest_us = 500'000;

void set_timer(suseconds_t us) {
    const itimerval once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = us}};
    ::setitimer(ITIMER_REAL, &once, nullptr);
}

}  // namespace

// Threads that are to be joined may sit in libpq or in the resolver, which nothing interrupts,
// until a server's time is up. What they would bring is of no use to anybody any more, and every
// log line has been flushed when it was written. A signal handler rather than a thread that waits:
// it needs nothing that could be missing or locked.
last_moments::last_moments() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        std::signal(number, SIG_IGN);
    std::signal(SIGALRM, [](int) { ::_exit(0); });
    set_timer(longest_us);
}

// What comes now, a sanitizer's report, say, has all the time that it needs.
last_moments::~last_moments() {
    set_timer(0);
}

}  // namespace chat_gateway::app
