#include "reply.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

namespace chat_gateway::redis {
namespace {

// hiredis drops what it has parsed by moving the rest to the front, every kilobyte or so: a large
// read given in one piece would be moved a hundred times over.
constexpr std::size_t slice = 16 * 1024;

// hiredis calls these as it parses; elements are built in their place inside the parent's vector.

reply& place(const redisReadTask* task) {
    if (task->parent == nullptr) return *new reply;
    auto* parent = static_cast<reply*>(task->parent->obj);
    return parent->elements[static_cast<std::size_t>(task->idx)];
}

void* create_string(const redisReadTask* task, char* bytes, std::size_t length) {
    reply& r = place(task);
    r.text.assign(bytes, length);
    switch (task->type) {
        case REDIS_REPLY_ERROR:
            r.type = reply::kind::error;
            break;
        case REDIS_REPLY_STATUS:
            r.type = reply::kind::status;
            break;
        default:
            r.type = reply::kind::text;
    }
    return &r;
}

std::size_t depth(const redisReadTask* task) {
    std::size_t parents = 0;
    while ((task = task->parent) != nullptr)
        ++parents;
    return parents;
}

// Count is int in hiredis 0.14 and size_t from 1.0.
template <class Count>
void* create_array(const redisReadTask* task, Count count) {
    auto& left = *static_cast<std::size_t*>(task->privdata);
    const auto wanted = static_cast<std::size_t>(count);
    if (wanted > left || depth(task) >= reply_reader::max_depth) return nullptr;
    left -= wanted;
    reply& r = place(task);
    r.type = reply::kind::array;
    r.elements.resize(wanted);
    return &r;
}

void* create_integer(const redisReadTask* task, long long value) {
    reply& r = place(task);
    r.type = reply::kind::integer;
    r.integer = value;
    return &r;
}

void* create_nil(const redisReadTask* task) {
    return &place(task);
}

void free_object(void* object) {
    delete static_cast<reply*>(object);
}

// RESP3 is never asked for; hiredis 0.14 does not know it, 1.x would parse it.
template <class Functions>
void refuse_resp3(Functions& f) {
    if constexpr (requires {
                      f.createDouble;
                      f.createBool;
                  }) {
        f.createDouble = [](const redisReadTask*, double, char*, std::size_t) -> void* {
            return nullptr;
        };
        f.createBool = [](const redisReadTask*, int) -> void* { return nullptr; };
    }
}

redisReplyObjectFunctions make_functions() {
    redisReplyObjectFunctions f{};
    f.createString = create_string;
    f.createArray = create_array;
    f.createInteger = create_integer;
    f.createNil = create_nil;
    f.freeObject = free_object;
    refuse_resp3(f);
    return f;
}

redisReader* make_reader(std::size_t& elements_left) {
    static redisReplyObjectFunctions functions = make_functions();
    redisReader* r = redisReaderCreateWithFunctions(&functions);
    if (r == nullptr) throw std::bad_alloc();
    r->privdata = &elements_left;
    return r;
}

}  // namespace

std::string_view error_code_word(const reply& r) {
    return std::string_view(r.text).substr(0, std::min(r.text.find(' '), r.text.size()));
}

void reply_reader::deleter::operator()(redisReader* r) const {
    redisReaderFree(r);
}

reply_reader::reply_reader() : reader_(make_reader(elements_left_)) {}
reply_reader::~reply_reader() = default;

result<> reply_reader::feed(std::string_view bytes, std::vector<reply>& out) {
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, slice);
        bytes.remove_prefix(piece.size());
        unfinished_ += piece.size();
        if (unfinished_ > max_unfinished) return make_error_code(errc::too_large);
        if (redisReaderFeed(reader_.get(), piece.data(), piece.size()) != REDIS_OK)
            return make_error_code(errc::malformed);
        if (auto taken = take_complete(out); !taken) return taken;
    }
    return {};
}

result<> reply_reader::take_complete(std::vector<reply>& out) {
    for (;;) {
        void* object = nullptr;
        if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK)
            return make_error_code(errc::malformed);
        if (object == nullptr) return {};
        const std::unique_ptr<reply> complete(static_cast<reply*>(object));
        out.push_back(std::move(*complete));
        unfinished_ = 0;
        elements_left_ = max_elements;
    }
}

namespace {

void append_header(std::string& out, char kind, std::size_t count) {
    std::array<char, 24> text;
    text[0] = kind;
    char* end = std::to_chars(text.data() + 1, text.data() + 22, count).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append(text.data(), end);
}

}  // namespace

// redisFormatCommandArgv would want two arrays made, and its result copied and freed.
void append_command(std::string& out, std::span<const std::string_view> words) {
    append_header(out, '*', words.size());
    for (const auto word : words) {
        append_header(out, '$', word.size());
        out.append(word).append("\r\n");
    }
}

std::string make_command(std::span<const std::string_view> words) {
    std::string bytes;
    append_command(bytes, words);
    return bytes;
}

std::string make_command(std::initializer_list<std::string_view> words) {
    return make_command(std::span(words.begin(), words.size()));
}

}  // namespace chat_gateway::redis
