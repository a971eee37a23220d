// jemalloc's settings, which it looks for under this name (docs/performance.md has what was
// measured). One arena: long-lived connections of all threads lie together, and what a storm leaves
// behind is given back by a thread of jemalloc's own within seconds, traffic or not.
extern "C" const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0";
